import type { Engine } from "@/api/domain";
import { useEngines } from "@/api/queries";
import { useMeContext } from "@/app/useMeContext";
import { EngineSwitch } from "@/features/engines/EngineSwitch";
import { formatNumber } from "@/lib/format";
import { formatDuration } from "@/lib/time";
import { DemoTag } from "@/ui/DemoTag";
import { Loaded } from "@/ui/Loaded";
import { LookChip } from "@/ui/LookChip";
import { PageTitle } from "@/ui/Panel";
import { engineLook } from "@/ui/poolStatus";
import { SkeletonRows } from "@/ui/Skeleton";
import { EmptyState } from "@/ui/States";
import { CELL, HEAD_CELL, HEAD_ROW, NUMBER, ROW, TABLE } from "@/ui/table";

const duration = (ms: number | null): string => (ms === null ? "–" : formatDuration(ms));
const share = (value: number | null): string => (value === null ? "–" : `${(value * 100).toFixed(1)} %`);
const number = (value: number | null): string => (value === null ? "–" : formatNumber(value));

function EngineRow({ engine }: { engine: Engine }) {
  const { isStaff } = useMeContext();
  return (
    <tr className={ROW}>
      <td className={`${CELL} font-mono text-xs font-medium`}>{engine.id}
        {engine.demo && <DemoTag className="ml-2" />}
      </td>
      <td className={`${CELL} text-body`}>{engine.stage}</td>
      <td className={`${CELL} w-full text-muted`}>
        {engine.kind}
        {engine.models.length > 0 && <span className="font-mono text-xs"> · {engine.models.join(", ")}</span>}
      </td>
      <td className={CELL}>
        <LookChip look={engineLook(engine.status)} />
      </td>
      <td className={`${CELL} ${NUMBER}`}>{number(engine.workers)}</td>
      <td className={`${CELL} ${NUMBER}`}>{number(engine.running)}</td>
      <td className={`${CELL} ${NUMBER}`}>{number(engine.queueDepth)}</td>
      <td className={`${CELL} ${NUMBER}`}>{duration(engine.p50Ms)}</td>
      <td className={`${CELL} ${NUMBER}`}>{duration(engine.p95Ms)}</td>
      <td className={`${CELL} ${NUMBER}`}>{share(engine.failureRate)}</td>
      <td className={`${CELL} ${NUMBER}`}>{duration(engine.oldestWaitMs)}</td>
      {isStaff && (
        <td className={`${CELL} text-right`}>
          <EngineSwitch engine={engine} />
        </td>
      )}
    </tr>
  );
}

const NUMBERS = ["Workers", "Running", "Ready", "p50", "p95", "Failed", "Oldest wait"];

function EngineTable({ engines }: { engines: Engine[] }) {
  const { isStaff } = useMeContext();
  return (
    <div className="overflow-x-auto rounded-md border border-line bg-surface">
      <table className={TABLE}>
        <thead>
          <tr className={HEAD_ROW}>
            <th className={HEAD_CELL}>Engine</th>
            <th className={HEAD_CELL}>Stage</th>
            <th className={HEAD_CELL}>Kind and models</th>
            <th className={HEAD_CELL}>Status</th>
            {NUMBERS.map((title) => (
              <th key={title} className={`${HEAD_CELL} text-right`}>
                {title}
              </th>
            ))}
            {isStaff && (
              <th className={HEAD_CELL}>
                <span className="sr-only">Pause</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {engines.map((each) => (
            <EngineRow key={each.id} engine={each} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

export default function EnginesPage() {
  const engines = useEngines();
  return (
    <div className="flex flex-col gap-4 p-6">
      <PageTitle title="Engines" />
      <Loaded query={engines} what="the engines" skeleton={<SkeletonRows rows={6} />}>
        {(data) =>
          data.length === 0 ? (
            <EmptyState title="No engines">
              <p>
                Engines are named in <code className="font-mono text-xs">engines.toml</code>; its path is in{" "}
                <code className="font-mono text-xs">CONSOLE_ENGINES</code>.
              </p>
            </EmptyState>
          ) : (
            <EngineTable engines={data} />
          )
        }
      </Loaded>
    </div>
  );
}
