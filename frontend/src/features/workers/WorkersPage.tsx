import { turnNode, turnWorker } from "@/api/pool";
import type { CardNode, Fleet, Worker } from "@/api/poolDomain";
import { useCards, useFleet } from "@/api/poolQueries";
import { KeptLink } from "@/app/tenant";
import { DrainSwitch } from "@/features/pool/DrainSwitch";
import { NodeCards } from "@/features/workers/NodeCards";
import { byNode, handsWords } from "@/features/workers/words";
import { shortId } from "@/lib/format";
import { formatDuration } from "@/lib/time";
import { Age } from "@/ui/Age";
import { Pips } from "@/ui/Gauges";
import { Loaded } from "@/ui/Loaded";
import { LookChip } from "@/ui/LookChip";
import { PageTitle, Panel } from "@/ui/Panel";
import { workerLook } from "@/ui/poolStatus";
import { SkeletonRows } from "@/ui/Skeleton";
import { EmptyState } from "@/ui/States";
import { CELL, HEAD_CELL, HEAD_ROW, NUMBER, ROW, TABLE } from "@/ui/table";

const SHOWN = 4;

/** Its tasks and sessions, each a link. */
function InHand({ worker }: { worker: Worker }) {
  const links = [
    ...worker.tasks.map(({ id, jobId, key }) => ({ id, to: `/jobs/${jobId}?task=${id}`, text: key })),
    ...worker.sessions.map(({ id }) => ({ id, to: `/realtime/sessions/${id}`, text: shortId(id) })),
  ];
  const more = worker.inHand - Math.min(links.length, SHOWN);
  return (
    <div className="flex flex-wrap gap-x-2 font-mono text-xs">
      {links.slice(0, SHOWN).map(({ id, to, text }) => (
        <KeptLink key={id} to={to} className="text-body hover:underline">
          {text}
        </KeptLink>
      ))}
      {more > 0 && links.length > 0 && <span className="text-muted">and {more} more</span>}
    </div>
  );
}

function Remarks({ worker }: { worker: Worker }) {
  return (
    <>
      {worker.drift && <span className="ml-2 text-xs text-orange-700 dark:text-orange-300">other definitions</span>}
      {worker.status === "draining" && worker.inHand > 0 && worker.emptyInSeconds !== null && (
        <span className="ml-2 text-xs text-muted">empty in about {formatDuration(worker.emptyInSeconds * 1000)}</span>
      )}
      {worker.status === "draining" && worker.drainDeadlineAt !== null && (
        <span className="ml-2 text-xs text-muted">
          the rest ends <Age at={worker.drainDeadlineAt} />
        </span>
      )}
    </>
  );
}

function WorkerRow({ worker }: { worker: Worker }) {
  const isOnline = worker.status !== "offline";
  return (
    <tr className={ROW}>
      <td className={`${CELL} font-mono text-xs font-medium`}>{worker.name}</td>
      <td className={`${CELL} text-sm text-muted`}>{worker.kind}</td>
      <td className={CELL}>
        <LookChip look={workerLook(worker.isLost ? "lost" : worker.status)} />
        <Remarks worker={worker} />
      </td>
      <td className={`${CELL} max-w-64 truncate font-mono text-xs text-muted`}>
        {[...worker.engines, ...worker.models].join(", ")}
      </td>
      <td className={`${CELL} w-full`}>
        <InHand worker={worker} />
      </td>
      <td className={`${CELL} min-w-24`}>
        {worker.slots !== null && <Pips used={worker.inHand} total={worker.slots} label={`In hand of ${worker.name}`} />}
      </td>
      <td className={`${CELL} ${NUMBER}`}>
        {worker.inHand} / {worker.slots ?? "–"}
      </td>
      <td className={`${CELL} text-right text-xs text-muted`}>
        <Age at={worker.heardAt} />
      </td>
      <td className={`${CELL} text-right`}>
        {isOnline && (
          <DrainSwitch
            name={worker.name}
            asked={worker.drainAsked}
            goesOn={handsWords([worker])}
            hasSessions={worker.kind === "realtime"}
            turn={(verb, deadline) => turnWorker(worker.id, verb, deadline)}
          />
        )}
      </td>
    </tr>
  );
}

const HEADS = ["Worker", "Kind", "Status", "Engines or models", "In hand", "Slots"];

interface NodeProps {
  name: string;
  workers: Worker[];
  asked: boolean;
  cards: CardNode | undefined;
}

function NodePanel({ name, workers, asked, cards }: NodeProps) {
  const drain = (
    <span className="flex items-center gap-3">
      {asked && <span>draining</span>}
      <DrainSwitch name={name} asked={asked} goesOn={handsWords(workers)} turn={(verb) => turnNode(name, verb)} />
    </span>
  );
  return (
    <Panel title={name} aside={drain}>
      {cards && <NodeCards node={cards} />}
      <div className="overflow-x-auto">
        <table className={TABLE}>
          <thead>
            <tr className={HEAD_ROW}>
              {HEADS.map((title) => (
                <th key={title} className={HEAD_CELL}>
                  {title}
                </th>
              ))}
              <th className={`${HEAD_CELL} text-right`}>Used</th>
              <th className={`${HEAD_CELL} text-right`}>Heartbeat</th>
              <th className={HEAD_CELL}>
                <span className="sr-only">Drain</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {workers.map((worker) => (
              <WorkerRow key={worker.id} worker={worker} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Nodes({ fleet }: { fleet: Fleet }) {
  const cards = useCards();
  if (fleet.workers.length === 0) {
    return (
      <EmptyState title="No workers">
        <p>No worker has ever reported. Tasks wait until one does.</p>
      </EmptyState>
    );
  }
  const draining = new Set(fleet.nodes.filter((node) => node.drainAsked).map((node) => node.name));
  return byNode(fleet.workers).map(([name, workers]) => (
    <NodePanel
      key={name}
      name={name}
      workers={workers}
      asked={draining.has(name)}
      cards={cards.data?.find((node) => node.name === name)}
    />
  ));
}

export default function WorkersPage() {
  const fleet = useFleet();
  return (
    <div className="flex flex-col gap-4 p-6">
      <PageTitle title="Workers" />
      <Loaded query={fleet} what="the workers" skeleton={<SkeletonRows rows={6} />}>
        {(data) => <Nodes fleet={data} />}
      </Loaded>
    </div>
  );
}
