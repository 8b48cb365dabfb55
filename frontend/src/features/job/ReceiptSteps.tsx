/** A cancel as a small timeline: each step with its time, or that it is still to come. */
import { Check, CircleDashed } from "lucide-react";
import type { Receipt } from "@/api/domain";
import { cx } from "@/lib/cx";
import { formatAbsolute, formatClockMs } from "@/lib/time";

const steps = (receipt: Receipt): [string, number | null][] => [
  [receipt.requestedBy === null ? "Requested" : `Requested by ${receipt.requestedBy}`, receipt.requestedAt],
  ["Signalled", receipt.signalledAt],
  ["Process gone", receipt.goneAt],
  ["Slot freed", receipt.freedAt],
];

export function ReceiptSteps({ receipt, upright = false }: { receipt: Receipt; upright?: boolean }) {
  return (
    <ol aria-label="Receipt of the cancel" className={cx("flex gap-x-4 gap-y-1 text-sm", upright ? "flex-col" : "flex-wrap")}>
      {steps(receipt).map(([label, at]) => (
        <li key={label} className={cx("flex items-center gap-1.5", at === null && "text-muted")}>
          {at === null ? (
            <CircleDashed className="size-3.5" aria-hidden />
          ) : (
            <Check className="size-3.5 text-green-700 dark:text-green-300" aria-hidden />
          )}
          {label}
          {at === null ? (
            <span className="sr-only">not yet</span>
          ) : (
            <time dateTime={new Date(at).toISOString()} title={formatAbsolute(at)} className="font-mono text-xs text-muted">
              {formatClockMs(at)}
            </time>
          )}
        </li>
      ))}
    </ol>
  );
}
