import type { Dashboard } from "@/api/domain";
import { useTenant } from "@/app/tenant";
import { dashboardHistory, type Sample } from "@/live/history";
import { formatMemory, formatNumber } from "@/lib/format";
import { formatDuration } from "@/lib/time";
import { Age } from "@/ui/Age";
import { Meter, Sparkline } from "@/ui/Gauges";
import { SimulatedTag } from "@/ui/SimulatedTag";
import { Stat } from "@/ui/Stat";

/** No card, a card that cannot be read and an empty one never look alike. */
function GpuStat({ gpu, tenant }: { gpu: Dashboard["gpu"]; tenant: string | null }) {
  const { status, usedMb, totalMb, sampledAt } = gpu;
  if (status === "unknown") return <Stat label="GPU memory" value="–" note="There are cards, not known now" />;
  if (usedMb === null) {
    return <Stat label="GPU memory" value="–" note={tenant ? "No task holds any" : "No GPU reported"} />;
  }
  const note = totalMb === null ? "held by tasks" : `/ ${formatMemory(totalMb)}`;
  return (
    <Stat label="GPU memory" value={formatMemory(usedMb)} note={note}>
      <div className="flex w-full flex-col gap-1.5">
        {totalMb !== null && <Meter label="GPU memory in use" used={usedMb} total={totalMb} />}
        <p className="flex items-center gap-2 text-xs text-muted">
          {gpu.simulated && <SimulatedTag />}
          {sampledAt !== null && <Age at={sampledAt} />}
        </p>
      </div>
    </Stat>
  );
}

function SessionStat({ realtime }: { realtime: NonNullable<Dashboard["realtime"]> }) {
  const { active, capacity } = realtime;
  return (
    <Stat label="Sessions" value={formatNumber(active)} note={`/ ${formatNumber(capacity)}`}>
      <Meter label="Realtime capacity in use" used={active} total={capacity} />
    </Stat>
  );
}

export function Stats({ dashboard }: { dashboard: Dashboard }) {
  const tenant = useTenant();
  const history = dashboardHistory(tenant);
  const line = (field: keyof Sample, label: string) => (
    <Sparkline values={history.map((sample) => sample[field])} label={`${label} since this page opened`} />
  );
  const { oldestWaitMs, activeJobs, queueDepth, realtime, gpu } = dashboard;
  return (
    <dl className="flex overflow-hidden rounded-md border border-line bg-surface max-lg:flex-col">
      <Stat
        label="Oldest wait"
        value={oldestWaitMs === null ? "–" : formatDuration(oldestWaitMs)}
        note={oldestWaitMs === null ? "Nothing waits" : undefined}
      >
        {line("oldestWaitMs", "Oldest wait")}
      </Stat>
      <Stat label="Active jobs" value={formatNumber(activeJobs)}>
        {line("activeJobs", "Active jobs")}
      </Stat>
      <Stat label="Tasks ready" value={formatNumber(queueDepth)} note="not yet claimed">
        {line("queueDepth", "Tasks ready")}
      </Stat>
      {realtime && <SessionStat realtime={realtime} />}
      <GpuStat gpu={gpu} tenant={tenant} />
    </dl>
  );
}
