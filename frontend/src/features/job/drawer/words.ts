/** What an attempt took of its cards, in words. */
import type { Attempt } from "@/api/domain";
import { formatGpuTime, formatMemory } from "@/lib/format";

export function gpuWords({ gpuMemoryPeakMb: peak, gpuSeconds: seconds }: Attempt): string {
  const parts = [
    ...(peak === null ? [] : [`at most ${formatMemory(peak)}`]),
    ...(seconds === null ? [] : [formatGpuTime(seconds)]),
  ];
  return parts.join(" · ");
}
