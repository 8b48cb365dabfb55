/** One number that matters, with what is behind it. */
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

/** What stands where there is no number. */
const NONE = "–";

interface Props {
  label: string;
  value: string;
  note?: string;
  children?: ReactNode;
}

export function Stat({ label, value, note, children }: Props) {
  return (
    <div className="flex min-w-0 flex-1 flex-col gap-1 border-line px-5 py-4 not-first:border-l max-lg:not-first:border-t max-lg:not-first:border-l-0">
      <dt className="text-sm text-muted">{label}</dt>
      <dd className="flex items-baseline gap-2">
        <span
          className={cx(
            "tabular text-metric tracking-[-0.02em]",
            value === NONE ? "font-light text-muted" : "font-semibold",
          )}
        >
          {value}
        </span>
        {note && <span className="truncate text-sm text-muted">{note}</span>}
      </dd>
      <dd className="mt-auto flex min-h-7 items-center pt-1">{children}</dd>
    </div>
  );
}
