/** What the page may claim about its freshness, and since when. */
import { connection, type ConnectionStatus } from "@/live/connection";
import { useConnection } from "@/live/useConnection";
import { cx } from "@/lib/cx";
import { useNow } from "@/lib/ticker";
import { formatAge, formatClock } from "@/lib/time";

const LOOK: Record<ConnectionStatus, { label: string; dot: string }> = {
  live: { label: "Live", dot: "bg-green-500" },
  polling: { label: "Polling", dot: "bg-amber-500" },
  offline: { label: "Offline", dot: "bg-red-500" },
  frozen: { label: "Frozen", dot: "bg-blue-500" },
};

type Connection = ReturnType<typeof useConnection>;

function sentenceOf({ status, frozenAt, refused }: Connection): string {
  switch (status) {
    case "live":
      return "Changes show as they happen";
    case "polling":
      return "No live connection: the page asks every few seconds and tries to connect again";
    case "offline":
      return refused
        ? "The server refuses a live connection to this page: reload it or log in again"
        : "The server does not answer: what is shown is as old as its last answer";
    case "frozen":
      return `The view stands still since ${formatClock(frozenAt ?? 0)}; changes are kept`;
  }
}

export function LivePill() {
  const state = useConnection();
  const { status, lastAnswerAt } = state;
  const now = useNow();
  const age = lastAnswerAt === null ? "no answer yet" : `last answer ${formatAge(lastAnswerAt, now)}`;
  const { label, dot } = LOOK[status];
  return (
    <button
      type="button"
      onClick={() => connection.toggleFreeze()}
      aria-pressed={status === "frozen"}
      title={`${sentenceOf(state)} (${age}). Click or press . to ${status === "frozen" ? "go on" : "freeze the view"}.`}
      className="flex h-7 items-center gap-1.5 rounded-full border border-line bg-surface px-2.5 text-xs font-medium text-body hover:text-ink"
    >
      <span className={cx("size-1.5 rounded-full", dot)} aria-hidden />
      <span aria-live="polite" data-live={status}>
        {label}
      </span>
      {status === "offline" && lastAnswerAt !== null && (
        <span className="font-normal text-muted">{formatAge(lastAnswerAt, now)}</span>
      )}
    </button>
  );
}
