/** What the models have free, and the workers that hold the sessions. */
import { turnWorker } from "@/api/pool";
import type { ModelLoad, Realtime } from "@/api/poolDomain";
import { useMeContext } from "@/app/useMeContext";
import { DrainSwitch } from "@/features/pool/DrainSwitch";
import { roomWords, wantsWords } from "@/features/realtime/words";
import { formatCount, formatNumber } from "@/lib/format";
import { Age } from "@/ui/Age";
import { Pips } from "@/ui/Gauges";
import { LookChip } from "@/ui/LookChip";
import { workerLook } from "@/ui/poolStatus";
import { CELL, HEAD_CELL, HEAD_ROW, NUMBER, ROW, TABLE } from "@/ui/table";

function ModelRow({ model }: { model: ModelLoad }) {
  return (
    <tr className={ROW}>
      <td className={`${CELL} font-mono text-xs font-medium`}>{model.model}</td>
      <td className={`${CELL} ${NUMBER}`}>
        {formatNumber(model.active)} / {formatNumber(model.capacity)}
      </td>
      <td className={`${CELL} ${NUMBER}`}>{model.free === null ? "–" : formatNumber(model.free)}</td>
      <td className={`${CELL} text-xs text-body`}>{wantsWords(model)}</td>
      <td className={`${CELL} w-full text-sm text-muted`}>{roomWords(model)}</td>
    </tr>
  );
}

export function ModelTable({ models }: { models: ModelLoad[] }) {
  return (
    <div className="overflow-x-auto">
      <table className={TABLE}>
        <thead>
          <tr className={HEAD_ROW}>
            <th className={HEAD_CELL}>Model</th>
            <th className={`${HEAD_CELL} text-right`}>In use</th>
            <th className={`${HEAD_CELL} text-right`}>Free</th>
            <th className={HEAD_CELL}>Workers</th>
            <th className={HEAD_CELL}>Room</th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => (
            <ModelRow key={model.model} model={model} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function WorkerRow({ worker }: { worker: Realtime["workers"][number] }) {
  const { isStaff } = useMeContext();
  return (
    <tr className={ROW}>
      <td className={`${CELL} font-mono text-xs`} title={worker.endpoint}>
        {worker.name}
      </td>
      <td className={CELL}>
        {/* Those that left in order, or came back, are not in this list. */}
        <LookChip look={workerLook(worker.status === "offline" ? "lost" : worker.status)} />
      </td>
      <td className={`${CELL} w-full font-mono text-xs text-muted`}>{worker.models.join(", ")}</td>
      <td className={`${CELL} min-w-32`}>
        <Pips used={worker.active} total={worker.capacity} label={`Sessions at ${worker.name}`} />
      </td>
      <td className={`${CELL} ${NUMBER}`}>
        {worker.active} / {worker.capacity}
      </td>
      <td className={`${CELL} text-right text-xs text-muted`}>
        <Age at={worker.heardAt} />
      </td>
      {isStaff && (
        <td className={`${CELL} text-right`}>
          {worker.status !== "offline" && (
            <DrainSwitch
              name={worker.name}
              asked={worker.drainAsked}
              goesOn={`${formatCount(worker.active, "session")} may go on to the end.`}
              hasSessions
              turn={(verb, deadline) => turnWorker(worker.id, verb, deadline)}
            />
          )}
        </td>
      )}
    </tr>
  );
}

export function WorkerTable({ workers }: { workers: Realtime["workers"] }) {
  const { isStaff } = useMeContext();
  return (
    <div className="overflow-x-auto">
      <table className={TABLE}>
        <thead>
          <tr className={HEAD_ROW}>
            <th className={HEAD_CELL}>Worker</th>
            <th className={HEAD_CELL}>Status</th>
            <th className={HEAD_CELL}>Models</th>
            <th className={HEAD_CELL}>Places</th>
            <th className={`${HEAD_CELL} text-right`}>In use</th>
            <th className={`${HEAD_CELL} text-right`}>Heartbeat</th>
            {isStaff && (
              <th className={HEAD_CELL}>
                <span className="sr-only">Drain</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <WorkerRow key={worker.id} worker={worker} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
