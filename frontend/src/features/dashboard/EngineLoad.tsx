/** Where the work stands: engines by what waits for them. */
import type { Engine } from "@/api/domain";
import { useEngines } from "@/api/queries";
import { KeptLink } from "@/app/tenant";
import { formatNumber } from "@/lib/format";
import { formatDuration } from "@/lib/time";
import { Loaded } from "@/ui/Loaded";
import { Panel } from "@/ui/Panel";
import { SkeletonRows } from "@/ui/Skeleton";
import { STATUS } from "@/ui/status";

const SHOWN_MAX = 7;

const busiest = (engines: Engine[]): Engine[] =>
  engines
    .toSorted((a, b) => b.queueDepth + b.running - (a.queueDepth + a.running))
    .slice(0, SHOWN_MAX);

const GRID = "grid grid-cols-[minmax(0,104px)_minmax(0,1fr)_56px_48px_64px] items-center gap-3 px-4";

function Load({ engine, most }: { engine: Engine; most: number }) {
  const width = (value: number) => ({ width: `${(value / most) * 100}%` });
  const numbers = [
    formatNumber(engine.running),
    formatNumber(engine.queueDepth),
    engine.oldestWaitMs === null ? "–" : formatDuration(engine.oldestWaitMs),
  ];
  return (
    <li className={`${GRID} h-9`}>
      <span className="truncate font-mono text-xs" title={engine.id}>
        {engine.id}
      </span>
      <div className="flex h-1.5 gap-px overflow-hidden rounded-full bg-gray-200 dark:bg-gray-800" aria-hidden>
        <span className={STATUS.running.heat} style={width(engine.running)} />
        <span className={STATUS.ready.heat} style={width(engine.queueDepth)} />
      </div>
      {numbers.map((text, i) => (
        <span key={i} className="word-tight text-right font-mono text-xs whitespace-nowrap text-body">
          {text}
        </span>
      ))}
    </li>
  );
}

const Heads = () => (
  <div className={`${GRID} h-9 border-b border-line text-xs text-muted`}>
    <span className="col-span-2">Engine</span>
    {["Running", "Ready", "Oldest"].map((title) => (
      <span key={title} className="text-right">
        {title}
      </span>
    ))}
  </div>
);

export function EngineLoad() {
  const engines = useEngines();
  return (
    <Panel
      title="Engines"
      aside={
        <KeptLink to="/engines" className="rounded-sm hover:text-ink">
          All engines
        </KeptLink>
      }
    >
      <Loaded query={engines} what="the engines" skeleton={<SkeletonRows rows={4} />}>
        {(data) => {
          const shown = busiest(data);
          const most = Math.max(1, ...shown.map((engine) => engine.queueDepth + engine.running));
          return (
            <>
              <Heads />
              <ul className="flex flex-col py-1">
              {shown.map((engine) => (
                <Load key={engine.id} engine={engine} most={most} />
              ))}
            </ul>
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}
