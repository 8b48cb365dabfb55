import type { Dashboard } from "@/api/domain";
import { useTenant } from "@/app/tenant";
import { dashboardHistory, type Sample } from "@/live/history";
import { formatMemory, formatNumber } from "@/lib/format";
import { formatDuration } from "@/lib/time";
import { Meter, Sparkline } from "@/ui/Gauges";
import { Stat } from "@/ui/Stat";

function GpuStat({ gpu }: { gpu: Dashboard["gpu"] }) {
  if (!gpu) {
    return (
      <Stat label="GPU memory" value="–" note="No GPU reported" />
    );
  }
  return (
    <Stat label="GPU memory" value={formatMemory(gpu.usedMb)} note={`/ ${formatMemory(gpu.totalMb)}`}>
      <Meter label="GPU memory in use" used={gpu.usedMb} total={gpu.totalMb} />
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
  const history = dashboardHistory(useTenant());
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
      <GpuStat gpu={gpu} />
    </dl>
  );
}
