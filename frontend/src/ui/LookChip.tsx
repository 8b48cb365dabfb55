/** A status of the pool as icon and word. */
import { cx } from "@/lib/cx";
import type { Look } from "@/ui/poolStatus";

export function LookChip({ look: { label, icon: Icon, chip } }: { look: Look }) {
  return (
    <span
      className={cx(
        "inline-flex h-[22px] items-center gap-1 rounded-full border pr-2 pl-1.5 text-xs font-medium whitespace-nowrap",
        chip,
      )}
    >
      <Icon className="size-3 shrink-0" strokeWidth={2.5} aria-hidden />
      {label}
    </span>
  );
}
