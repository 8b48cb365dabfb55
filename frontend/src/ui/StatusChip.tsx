/** A status as icon and word. */
import { cx } from "@/lib/cx";
import { LABEL_BESIDE, STATUS, type AnyStatus } from "@/ui/status";

interface Props {
  status: AnyStatus;
  /** Another word for it, in the same colours. */
  label?: string;
}

export function StatusChip({ status, label }: Props) {
  const look = STATUS[status];
  const word = label ?? look.label;
  const beside = LABEL_BESIDE.has(status);
  const Icon = look.icon;
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap" data-status={status}>
      <span
        className={cx(
          "inline-flex h-[22px] items-center gap-1 rounded-full border text-xs font-medium",
          beside ? "px-1" : "pr-2 pl-1.5",
          look.chip,
        )}
      >
        <Icon className="size-3 shrink-0" strokeWidth={2.5} aria-hidden />
        {!beside && word}
      </span>
      {beside && <span className="text-xs font-medium text-body">{word}</span>}
    </span>
  );
}

/** The icon alone, for places where the word stands next to it. */
export function StatusIcon({ status, className }: { status: AnyStatus; className?: string }) {
  const { icon: Icon, text } = STATUS[status];
  return <Icon className={cx("shrink-0", text, className ?? "size-3.5")} strokeWidth={2.5} aria-hidden />;
}
