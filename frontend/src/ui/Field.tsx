/** Inputs in our clothes. */
import { Search } from "lucide-react";
import type { ComponentProps } from "react";
import { cx } from "@/lib/cx";

export const INPUT =
  "h-8 rounded-sm border border-line-strong bg-surface px-2.5 text-sm text-ink placeholder:text-muted";

/** The field that `/` goes to. */
export function SearchField({ className, ...rest }: ComponentProps<"input">) {
  return (
    <div className={cx("relative min-w-0", className)}>
      <Search className="pointer-events-none absolute top-2 left-2.5 size-4 text-muted" aria-hidden />
      <input type="search" data-filter autoComplete="off" spellCheck={false} className={cx(INPUT, "w-full pl-8")} {...rest} />
    </div>
  );
}

export const Kbd = ({ children }: { children: string }) => (
  <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded-[4px] border border-line-strong bg-surface px-1 font-sans text-2xs text-muted">
    {children}
  </kbd>
);
