/** A task's way as parts of a bar, and how long each reason took together. */
import type { WhySpan } from "@/api/domain";

export interface Part {
  reason: string;
  from: number;
  to: number;
  ms: number;
  /** It lasts. */
  open: boolean;
}

export interface Total {
  reason: string;
  ms: number;
}

export function partsOf(history: readonly WhySpan[], now: number): Part[] {
  return history.map(({ reason, from, to }) => {
    const end = Math.max(from, to ?? now);
    return { reason, from, to: end, ms: end - from, open: to === null };
  });
}

/** By reason, in the order in which they came. */
export function totalsOf(parts: readonly Part[]): Total[] {
  const totals = new Map<string, number>();
  for (const { reason, ms } of parts) totals.set(reason, (totals.get(reason) ?? 0) + ms);
  return [...totals].map(([reason, ms]) => ({ reason, ms }));
}
