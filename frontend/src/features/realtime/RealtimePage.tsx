import { PAGE_SIZE } from "@/api/pool";
import type { Realtime, Session } from "@/api/poolDomain";
import { useRealtime, useSessions } from "@/api/poolQueries";
import { ModelTable, WorkerTable } from "@/features/realtime/PoolTables";
import { SessionTable } from "@/features/realtime/SessionTable";
import { SESSION_STATUSES } from "@/features/realtime/words";
import { cx } from "@/lib/cx";
import { heartbeatCurl } from "@/lib/curl";
import { formatNumber } from "@/lib/format";
import { useUrl } from "@/lib/url";
import { Button } from "@/ui/Button";
import { Command } from "@/ui/Command";
import { Meter } from "@/ui/Gauges";
import { Loaded } from "@/ui/Loaded";
import { PageTitle, Panel } from "@/ui/Panel";
import { sessionLook } from "@/ui/poolStatus";
import { SkeletonRows } from "@/ui/Skeleton";
import { EmptyState } from "@/ui/States";

function Utilisation({ active, capacity }: Realtime) {
  const share = capacity > 0 ? Math.round((active / capacity) * 100) : 0;
  return (
    <div className="flex flex-col gap-2 rounded-md border border-line bg-surface px-5 py-4">
      <p className="text-sm text-muted">
        <span className="tabular text-metric font-semibold text-ink">{formatNumber(active)}</span> of{" "}
        {formatNumber(capacity)} places in use, {share} %
      </p>
      <Meter label="Realtime capacity in use" used={active} total={capacity} />
    </div>
  );
}

function StatusFilter({ chosen, choose }: { chosen: Session["status"][]; choose: (next: string[]) => void }) {
  return (
    <div role="group" aria-label="Status" className="flex overflow-hidden rounded-sm border border-line-strong">
      {SESSION_STATUSES.map((status) => {
        const on = chosen.includes(status);
        return (
          <button
            key={status}
            type="button"
            aria-pressed={on}
            onClick={() => choose(on ? chosen.filter((each) => each !== status) : [...chosen, status])}
            className={cx(
              "flex h-[30px] items-center border-r border-line px-2.5 text-sm -outline-offset-2 last:border-r-0",
              on ? "bg-gray-200/80 font-medium text-ink dark:bg-gray-700" : "bg-surface text-body hover:bg-sunken",
            )}
          >
            {sessionLook(status).label}
          </button>
        );
      })}
    </div>
  );
}

function Sessions() {
  const [search, change] = useUrl();
  const chosen = SESSION_STATUSES.filter((status) => search.getAll("status").includes(status));
  const offset = Math.max(0, Number(search.get("offset")) || 0);
  const sessions = useSessions(chosen, offset);
  const to = (next: number) => change({ offset: next > 0 ? String(next) : null });
  return (
    <Panel title="Sessions" aside={<StatusFilter chosen={chosen} choose={(status) => change({ status, offset: null })} />}>
      <Loaded query={sessions} what="the sessions" skeleton={<SkeletonRows rows={4} />}>
        {(page) => (
          <>
            {page.sessions.length === 0 ? (
              <p className="px-4 py-6 text-center text-sm text-muted">No sessions here.</p>
            ) : (
              <SessionTable sessions={page.sessions} />
            )}
            {(offset > 0 || page.hasNext) && (
              <div className="flex justify-end gap-2 border-t border-line px-4 py-2">
                <Button disabled={offset === 0} onClick={() => to(offset - PAGE_SIZE)}>
                  Newer
                </Button>
                <Button disabled={!page.hasNext} onClick={() => to(offset + PAGE_SIZE)}>
                  Older
                </Button>
              </div>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function NoWorkers() {
  return (
    <EmptyState title="No realtime workers">
      <p>A worker appears with its first heartbeat. Any program can send one, with a worker key from the admin:</p>
      <Command text={heartbeatCurl()} />
      <p>A whole worker, with a Python package that sends them, is in the folder examples/realtime.</p>
    </EmptyState>
  );
}

export default function RealtimePage() {
  const realtime = useRealtime();
  return (
    <div className="flex flex-col gap-4 p-6">
      <PageTitle title="Realtime" />
      <Loaded query={realtime} what="the realtime pool" skeleton={<SkeletonRows rows={6} />}>
        {(pool) =>
          pool.workers.length === 0 ? (
            <NoWorkers />
          ) : (
            <>
              <Utilisation {...pool} />
              <Panel title="Models">
                <ModelTable models={pool.models} />
              </Panel>
              <Panel title="Workers">
                <WorkerTable workers={pool.workers} />
              </Panel>
            </>
          )
        }
      </Loaded>
      <Sessions />
    </div>
  );
}
