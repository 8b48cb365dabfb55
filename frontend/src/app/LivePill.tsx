/** What the page may claim about its freshness, and since when. */
import { connection, type ConnectionStatus } from "@/live/connection";
import { useConnection } from "@/live/useConnection";
import { cx } from "@/lib/cx";
import { useNow } from "@/lib/ticker";
import { formatAge } from "@/lib/time";

const LOOK: Record<ConnectionStatus, { label: string; dot: string }> = {
  live: { label: "Live", dot: "bg-green-500" },
  polling: { label: "Polling", dot: "bg-blue-500" },
  offline: { label: "Offline", dot: "bg-red-500" },
  paused: { label: "Paused", dot: "bg-yellow-500" },
};

export function LivePill() {
  const { status, lastAnswerAt } = useConnection();
  const now = useNow();
  const age = lastAnswerAt === null ? "no answer yet" : `last answer ${formatAge(lastAnswerAt, now)}`;
  const { label, dot } = LOOK[status];
  return (
    <button
      type="button"
      onClick={() => connection.togglePause()}
      aria-pressed={status === "paused"}
      title={`${age}; click or press . to ${status === "paused" ? "resume" : "pause"}`}
      className="flex h-7 items-center gap-1.5 rounded-full border border-line bg-surface px-2.5 text-xs font-medium text-body hover:text-ink"
    >
      <span className={cx("size-1.5 rounded-full", dot)} aria-hidden />
      {label}
      {status === "offline" && lastAnswerAt !== null && (
        <span className="font-normal text-muted">{formatAge(lastAnswerAt, now)}</span>
      )}
    </button>
  );
}
