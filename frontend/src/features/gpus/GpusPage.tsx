import { useState } from "react";
import type { Card, CardNode, Holder } from "@/api/poolDomain";
import { useCards } from "@/api/poolQueries";
import { KeptLink } from "@/app/tenant";
import { HeatStrip } from "@/features/gpus/HeatStrip";
import { HistoryChart } from "@/features/gpus/HistoryChart";
import { figure, holderWords, memoryWords, nodeWords } from "@/features/gpus/words";
import { formatMemory } from "@/lib/format";
import { Age } from "@/ui/Age";
import { Meter } from "@/ui/Gauges";
import { Loaded } from "@/ui/Loaded";
import { LookChip } from "@/ui/LookChip";
import { PageTitle, Panel } from "@/ui/Panel";
import { cardLook } from "@/ui/poolStatus";
import { SimulatedTag } from "@/ui/SimulatedTag";
import { SkeletonRows } from "@/ui/Skeleton";
import { EmptyState } from "@/ui/States";

function HolderLine({ holder }: { holder: Holder }) {
  const words = holderWords(holder);
  return (
    <li className="flex gap-3">
      <span className="w-20 shrink-0 text-right font-mono text-xs word-tight">
        {holder.usedMb === null ? "–" : formatMemory(holder.usedMb)}
      </span>
      <span className="truncate">
        {holder.jobId && holder.taskId ? (
          <KeptLink to={`/jobs/${holder.jobId}?task=${holder.taskId}`} className="hover:underline">
            {words}
          </KeptLink>
        ) : (
          words
        )}
        {holder.tenant && <span className="text-muted"> · {holder.tenant}</span>}
      </span>
    </li>
  );
}

function Figures({ card }: { card: Card }) {
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted">
      <span>{figure(card.utilization, "% busy")}</span>
      <span>{figure(card.temperature, "°C")}</span>
      <span>{figure(card.powerW, "W")}</span>
      <span>{card.sampledAt === null ? "never sampled" : <>sampled <Age at={card.sampledAt} /></>}</span>
    </p>
  );
}

/** Closed, it asks for nothing. */
function History(props: { uuid: string; label: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)} className="text-sm">
      <summary className="w-fit cursor-pointer text-muted hover:text-ink">
        History<span className="sr-only"> of {props.label}</span>
      </summary>
      {open && <HistoryChart {...props} />}
    </details>
  );
}

function CardPanel({ card }: { card: Card }) {
  const name = `${card.isPart ? "MIG" : "GPU"} ${card.index}`;
  return (
    <li className="flex flex-col gap-3 border-b border-line p-4 last:border-b-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h3 className="text-sm font-medium">{name}</h3>
        <span className="text-sm text-body">{card.name}</span>
        <LookChip look={cardLook(card.status)} />
        {card.reason && <span className="text-xs text-muted">{card.reason}</span>}
        <span className="ml-auto font-mono text-xs text-muted">{card.uuid}</span>
      </div>
      <div className="grid items-center gap-x-6 gap-y-2 lg:grid-cols-2">
        <div className="flex flex-col gap-1.5">
          <p className="text-sm">{memoryWords(card)}</p>
          {card.usedMb !== null && card.totalMb !== null && (
            <Meter label={`Memory of ${name}`} used={card.usedMb} total={card.totalMb} />
          )}
          <Figures card={card} />
        </div>
        <HeatStrip uuid={card.uuid} label={`Memory of ${name}`} />
      </div>
      <History uuid={card.uuid} label={`Memory of ${name}`} />
      {card.holders.length > 0 && (
        <ul aria-label={`Who holds the memory of ${name}`} className="flex flex-col gap-1 text-sm">
          {card.holders.map((holder) => (
            <HolderLine key={`${holder.pid} ${holder.taskId}`} holder={holder} />
          ))}
        </ul>
      )}
    </li>
  );
}

function NodeAside({ node }: { node: CardNode }) {
  return (
    <span className="flex items-center gap-2">
      {node.simulated && <SimulatedTag />}
      {node.sampledAt !== null && <Age at={node.sampledAt} />}
      <LookChip look={cardLook(node.status)} />
    </span>
  );
}

function NodePanel({ node }: { node: CardNode }) {
  return (
    <Panel title={node.name} aside={<NodeAside node={node} />}>
      <p className="px-4 pt-3 text-sm text-muted">{nodeWords(node)}</p>
      <ul className="flex flex-col">
        {node.cards.map((card) => (
          <CardPanel key={card.uuid} card={card} />
        ))}
      </ul>
      {node.cards.length === 0 && <div className="h-3" />}
    </Panel>
  );
}

export default function GpusPage() {
  const cards = useCards();
  return (
    <div className="flex flex-col gap-4 p-6">
      <PageTitle title="GPUs" />
      <Loaded query={cards} what="the cards" skeleton={<SkeletonRows rows={6} />}>
        {(nodes) =>
          nodes.length === 0 ? (
            <EmptyState title="No GPU reported">
              <p>Every machine with a worker looks for its cards; none has reported yet.</p>
            </EmptyState>
          ) : (
            nodes.map((node) => <NodePanel key={node.name} node={node} />)
          )
        }
      </Loaded>
    </div>
  );
}
