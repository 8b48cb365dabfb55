/** Column headers: they stay at the top and follow the camera sideways only. */
import { useSyncExternalStore, type Ref } from "react";
import { at } from "@/dag/graph";
import type { Column } from "@/dag/layout";
import type { Board } from "@/features/job/graph/useBoard";
import { formatNumber } from "@/lib/format";
import { settled } from "@/ui/ProgressBar";

const NAMES_MAX = 2;

function titleOf(column: Column): string {
  if (column.unplaceable) return "Cannot be placed: a cycle";
  const more = column.stages.length - NAMES_MAX;
  return column.stages.slice(0, NAMES_MAX).join(", ") + (more > 0 ? ` +${more}` : "");
}

export function BoardHeads({ board, ref }: { board: Board; ref: Ref<HTMLDivElement> }) {
  const { layout, statuses, visible, open, toggle } = board;
  useSyncExternalStore(statuses.subscribe, statuses.getVersion);
  const columns = new Set(visible.map((block) => at(layout.blocks, block).column));
  return (
    <div ref={ref} className="pointer-events-none absolute inset-x-0 top-0 h-8 overflow-hidden border-b border-line bg-page/85 backdrop-blur-sm">
      {[...columns].map((i) => {
        const column = at(layout.columns, i);
        const members = column.blocks.flatMap((block) => at(layout.blocks, block).members);
        const opened = [...open].find((id) => id.startsWith(`group:${i}:`));
        return (
          <div
            key={i}
            className="absolute flex h-8 items-center gap-2 text-xs text-muted"
            style={{
              left: `calc(var(--x, 0px) + ${column.x}px * var(--k, 1))`,
              width: `calc(${column.width}px * var(--k, 1))`,
            }}
          >
            <span className={column.unplaceable ? "truncate text-danger" : "truncate font-medium text-body"}>
              {titleOf(column)}
            </span>
            {opened && (
              <button
                type="button"
                tabIndex={-1}
                className="pointer-events-auto rounded-sm text-accent hover:underline"
                onClick={() => toggle(opened, false)}
              >
                fold
              </button>
            )}
            <span className="ml-auto font-mono text-2xs">
              {formatNumber(settled({ ...statuses.counts(members), total: members.length }))}/
              {formatNumber(members.length)}
            </span>
          </div>
        );
      })}
    </div>
  );
}
