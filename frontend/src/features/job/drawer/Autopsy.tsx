/** Who held a card's memory in the minute before an attempt ran out of it. */
import type { CardMinute } from "@/api/poolDomain";
import { holderWords } from "@/features/gpus/words";
import { formatMemory } from "@/lib/format";
import { Age } from "@/ui/Age";

const memory = (mb: number | null): string => (mb === null ? "not known" : formatMemory(mb));

export function Autopsy({ card }: { card: CardMinute }) {
  return (
    <details className="pl-8 text-sm">
      <summary className="cursor-pointer text-xs text-muted hover:text-ink">
        The minute before, on {card.name ?? card.uuid ?? "its card"}
        {card.totalMb !== null && `, ${formatMemory(card.totalMb)}`}
      </summary>
      <ol className="flex flex-col gap-1 py-1 text-xs">
        {card.samples.map((sample) => (
          <li key={sample.at} className="flex gap-3">
            <Age at={sample.at} className="w-16 shrink-0 text-muted" />
            <span className="w-20 shrink-0 text-right font-mono">{sample.reason ?? memory(sample.usedMb)}</span>
            <span className="min-w-0 text-body">
              {sample.holders.map((each) => `${holderWords(each)}: ${memory(each.usedMb)}`).join("; ")}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
