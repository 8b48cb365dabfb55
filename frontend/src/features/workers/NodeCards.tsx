/** The cards of a machine in one line: how full each is, and what is wrong. */
import type { Card, CardNode } from "@/api/poolDomain";
import { KeptLink } from "@/app/tenant";
import { memoryWords } from "@/features/gpus/words";
import { Age } from "@/ui/Age";
import { Meter } from "@/ui/Gauges";
import { LookChip } from "@/ui/LookChip";
import { cardLook } from "@/ui/poolStatus";
import { SimulatedTag } from "@/ui/SimulatedTag";

function OneCard({ card }: { card: Card }) {
  const name = `${card.isPart ? "MIG" : "GPU"} ${card.index}`;
  return (
    <li className="flex items-center gap-2">
      <span className="font-medium">{name}</span>
      {card.usedMb !== null && card.totalMb !== null && (
        <span className="w-20">
          <Meter label={`Memory of ${name}`} used={card.usedMb} total={card.totalMb} />
        </span>
      )}
      <span className="text-muted">{memoryWords(card)}</span>
      {card.status !== "ok" && <LookChip look={cardLook(card.status)} />}
    </li>
  );
}

/** Nothing for a machine that never had one. */
export function NodeCards({ node }: { node: CardNode }) {
  if (node.status === "none") return null;
  return (
    <div className="flex flex-wrap items-center gap-x-6 gap-y-1 border-b border-line px-4 py-2 text-xs">
      <ul aria-label={`Cards of ${node.name}`} className="flex flex-wrap gap-x-6 gap-y-1">
        {node.cards.map((card) => (
          <OneCard key={card.uuid} card={card} />
        ))}
      </ul>
      {node.status !== "ok" && (
        <span className="flex items-center gap-2">
          <LookChip look={cardLook(node.status)} />
          {node.reason && <span className="text-muted">{node.reason}</span>}
        </span>
      )}
      <span className="ml-auto flex gap-3 text-muted">
        {node.simulated && <SimulatedTag />}
        {node.sampledAt !== null && <Age at={node.sampledAt} />}
        <KeptLink to="/gpus" className="hover:underline">
          history
        </KeptLink>
      </span>
    </div>
  );
}
