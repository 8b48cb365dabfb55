import type { ModelSlots } from "@/api/domain";
import { Pips } from "@/ui/Gauges";
import { Panel } from "@/ui/Panel";

const freeWords = ({ capacity, active }: ModelSlots): string =>
  active >= capacity ? "full" : `${capacity - active} free`;

export function Slots({ models }: { models: ModelSlots[] }) {
  return (
    <Panel title="Free slots by model">
      {models.length === 0 ? (
        <p className="px-4 py-6 text-sm text-muted">No realtime worker offers a model.</p>
      ) : (
        <ul className="flex flex-col py-1">
          {models.map((slots) => (
            <li key={slots.model} className="grid h-10 grid-cols-[96px_1fr_auto] items-center gap-3 px-4">
              <span className="truncate font-mono text-xs">{slots.model}</span>
              <Pips label={slots.model} used={slots.active} total={slots.capacity} />
              <span className="text-sm text-muted">{freeWords(slots)}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
