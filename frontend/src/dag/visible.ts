/** Which blocks are in sight: by column first, so that the cost follows the window, not the job. */
import type { Rect } from "@/dag/camera";
import { at } from "@/dag/graph";
import type { Layout } from "@/dag/layout";

export function visibleBlocks(layout: Layout, sight: Rect): number[] {
  const found: number[] = [];
  for (const column of layout.columns) {
    if (column.x > sight.x + sight.width) break;
    if (column.x + column.width < sight.x) continue;
    for (const i of column.blocks) {
      const block = at(layout.blocks, i);
      if (block.y + block.height >= sight.y && block.y <= sight.y + sight.height) found.push(i);
    }
  }
  return found;
}
