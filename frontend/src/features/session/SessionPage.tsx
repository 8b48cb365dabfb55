import { useParams } from "react-router";
import type { Candidate, SessionDetail } from "@/api/poolDomain";
import { isStatus } from "@/api/errors";
import { useSession } from "@/api/poolQueries";
import { useDetail } from "@/app/crumbs";
import { EndSession } from "@/features/realtime/SessionTable";
import { isOpen } from "@/features/realtime/words";
import { shortId } from "@/lib/format";
import { formatAbsolute } from "@/lib/time";
import { Age, Duration } from "@/ui/Age";
import { CopyId } from "@/ui/Command";
import { Fact } from "@/ui/Fact";
import { Json } from "@/ui/Json";
import { Loaded } from "@/ui/Loaded";
import { LookChip } from "@/ui/LookChip";
import { NotFound } from "@/ui/NotFound";
import { PageTitle, Panel } from "@/ui/Panel";
import { sessionLook } from "@/ui/poolStatus";
import { SkeletonRows } from "@/ui/Skeleton";
import { CELL, HEAD_CELL, HEAD_ROW, NUMBER, ROW, TABLE } from "@/ui/table";

function Facts({ session }: { session: SessionDetail }) {
  const { startedAt, endedAt: completedAt, durationMs } = session;
  return (
    <dl className="grid grid-cols-2 gap-4 rounded-md border border-line bg-surface px-5 py-4 sm:grid-cols-3 lg:grid-cols-6">
      <Fact label="Tenant">{session.tenant}</Fact>
      <Fact label="Model">
        <span className="font-mono text-xs">{session.model}</span>
      </Fact>
      <Fact label="Worker">
        <span className="font-mono text-xs">{session.worker}</span>
      </Fact>
      <Fact label="Endpoint">
        <span className="font-mono text-xs">{session.endpoint}</span>
      </Fact>
      <Fact label="Duration">
        <Duration span={{ startedAt, completedAt, durationMs }} />
      </Fact>
      <Fact label={session.endedAt === null ? "Expires" : "Ended"}>
        <Age at={session.endedAt ?? session.expiresAt} />
      </Fact>
    </dl>
  );
}

/** What happened to it, oldest first. */
function steps(session: SessionDetail): [string, number][] {
  const { startedAt, endedAt, status, endReason } = session;
  const end = `${sessionLook(status).label}${endReason ? `: ${endReason}` : ""}`;
  return [
    ["Placed", session.createdAt],
    ...(startedAt === null ? [] : ([["Connected", startedAt]] as [string, number][])),
    ...(endedAt === null ? [] : ([[end, endedAt]] as [string, number][])),
  ];
}

function Way({ session }: { session: SessionDetail }) {
  return (
    <Panel title="Way">
      <ol className="flex flex-col gap-1.5 px-4 py-3 text-sm">
        {steps(session).map(([what, at]) => (
          <li key={what} className="flex gap-3">
            <span className="w-56 shrink-0 text-muted">{formatAbsolute(at)}</span>
            <span>{what}</span>
          </li>
        ))}
        {session.status === "offered" && (
          <li className="text-muted">
            Waits for its client; given up <Age at={session.connectBy} />.
          </li>
        )}
      </ol>
    </Panel>
  );
}

function Placement({ candidates, milliseconds }: { candidates: Candidate[]; milliseconds: number }) {
  return (
    <Panel title="Placement" aside={`${milliseconds.toFixed(1)} ms`}>
      <div className="overflow-x-auto">
        <table className={TABLE}>
          <thead>
            <tr className={HEAD_ROW}>
              <th className={HEAD_CELL}>Candidate</th>
              <th className={HEAD_CELL}>Verdict</th>
              <th className={`${HEAD_CELL} text-right`}>In use then</th>
            </tr>
          </thead>
          <tbody>
            {candidates.map((row) => (
              <tr key={row.workerId} className={ROW}>
                <td className={`${CELL} font-mono text-xs`}>{row.worker}</td>
                <td className={`${CELL} w-full ${row.verdict === "chosen" ? "font-medium" : "text-muted"}`}>
                  {row.verdict}
                </td>
                <td className={`${CELL} ${NUMBER}`}>
                  {row.active} / {row.capacity}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Detail({ session }: { session: SessionDetail }) {
  return (
    <>
      <PageTitle title={`Session ${shortId(session.id)}`}>
        <LookChip look={sessionLook(session.status)} />
        <CopyId id={session.id} />
        {isOpen(session) && <EndSession session={session} />}
      </PageTitle>
      <Facts session={session} />
      <Way session={session} />
      {session.placement && <Placement {...session.placement} />}
      <Panel title="Metadata">
        <div className="p-4">
          <Json value={session.metadata} />
        </div>
      </Panel>
    </>
  );
}

export default function SessionPage() {
  const { id = "" } = useParams();
  const session = useSession(id);
  useDetail(shortId(id));
  if (isStatus(session.error, 404)) return <NotFound what="session" to="/realtime" back="Back to realtime" />;
  return (
    <div className="flex flex-col gap-4 p-6">
      <Loaded query={session} what="the session" skeleton={<SkeletonRows rows={6} />}>
        {(data) => <Detail session={data} />}
      </Loaded>
    </div>
  );
}
