import { ScrollText } from "lucide-react";
import type { Attempt } from "@/api/domain";
import { Autopsy } from "@/features/job/drawer/Autopsy";
import { gpuWords } from "@/features/job/drawer/words";
import { Age, Duration } from "@/ui/Age";
import { OUTCOME } from "@/ui/status";
import { StatusChip } from "@/ui/StatusChip";

interface Props {
  attempts: Attempt[];
  onLog: (attempt: number) => void;
}

function Row({ attempt, onLog }: { attempt: Attempt; onLog: () => void }) {
  const { as, label } = OUTCOME[attempt.outcome ?? "running"];
  return (
    <li className="flex flex-col gap-1 border-b border-line px-3 py-2 last:border-b-0">
      <div className="flex items-center gap-3 text-sm">
        <span className="w-5 font-mono text-xs text-muted">{attempt.number}</span>
        <StatusChip status={as} label={label} />
        <span className="min-w-0 truncate text-muted">{attempt.worker}</span>
        <span className="ml-auto flex items-center gap-3 text-muted">
          <span className="text-xs">{gpuWords(attempt)}</span>
          <Duration span={{ startedAt: attempt.startedAt, completedAt: attempt.endedAt, durationMs: null }} />
          {attempt.startedAt !== null && <Age at={attempt.startedAt} className="w-14 text-right text-xs" />}
          <button
            type="button"
            onClick={onLog}
            aria-label={`Log of attempt ${attempt.number}`}
            title="Log"
            className="rounded-sm p-1 hover:bg-hover hover:text-ink"
          >
            <ScrollText className="size-3.5" aria-hidden />
          </button>
        </span>
      </div>
      {attempt.error && <p className="truncate pl-8 font-mono text-xs text-danger">{attempt.error}</p>}
      {attempt.cards && attempt.cards.length > 0 && (
        <p className="truncate pl-8 font-mono text-xs text-muted">on {attempt.cards.join(", ")}</p>
      )}
      {attempt.autopsy.map((card) => (
        <Autopsy key={card.uuid} card={card} />
      ))}
    </li>
  );
}

export function Attempts({ attempts, onLog }: Props) {
  return (
    <section aria-label="Attempts" className="flex flex-col gap-1.5">
      <h3 className="text-sm font-medium">Attempts</h3>
      {attempts.length === 0 ? (
        <p className="text-sm text-muted">None yet. Each try keeps its worker, times, error and log here.</p>
      ) : (
        <ol className="rounded-sm border border-line">
          {attempts
            .toSorted((a, b) => b.number - a.number)
            .map((attempt) => (
              <Row key={attempt.number} attempt={attempt} onLog={() => onLog(attempt.number)} />
            ))}
        </ol>
      )}
    </section>
  );
}
