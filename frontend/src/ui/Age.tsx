/** Times that move: one shared ticker, the absolute time in the title. */
import { cx } from "@/lib/cx";
import { useNow } from "@/lib/ticker";
import { formatAbsolute, formatAge, formatDuration, runningMs } from "@/lib/time";

export function Age({ at, className }: { at: number; className?: string }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={formatAbsolute(at)} className={cx("whitespace-nowrap", className)}>
      {formatAge(at, now)}
    </time>
  );
}

interface Span {
  startedAt: number | null;
  completedAt: number | null;
  durationMs: number | null;
}

/** How long something took, or has been at it. */
export function Duration({ span }: { span: Span }) {
  const now = useNow();
  const ms = runningMs(span, now);
  return <span className="font-mono text-xs whitespace-nowrap word-tight">{ms === null ? "–" : formatDuration(ms)}</span>;
}
