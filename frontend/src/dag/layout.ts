/** The board's geometry: blocks in depth columns, edges with their way points. */
import { fold, type Block, type BlockEdge } from "@/dag/fold";
import { at, buildGraph, type DagTask } from "@/dag/graph";
import { sweep, type Slot } from "@/dag/order";
import { placeHeights } from "@/dag/place";
import { blockSize, COLUMN_GAP, LANE_HEIGHT, ROW_GAP } from "@/dag/size";

export interface PlacedBlock extends Block {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface PlacedEdge extends BlockEdge {
  /** Start, pairs of lane ends, end. */
  points: Point[];
}

export interface Column {
  x: number;
  width: number;
  /** Indices of blocks from top to bottom. */
  blocks: number[];
  /** Stage names met in it, in order. */
  stages: string[];
  unplaceable: boolean;
}

export interface Layout {
  blocks: PlacedBlock[];
  edges: PlacedEdge[];
  columns: Column[];
  width: number;
  height: number;
}

/** Above this many lanes long edges run straight behind the blocks. */
const LANES_MAX = 2000;

interface Lanes {
  slots: Slot[];
  /** Slots of the lanes of each edge, by edge. */
  ways: number[][];
}

/** Lanes are shared by all long edges of one block: they leave it as one line. */
function layLanes(blocks: PlacedBlock[], edges: BlockEdge[]): Lanes {
  const slots: Slot[] = blocks.map(({ column, height }, block) => ({
    block,
    column,
    height,
    before: [],
    after: [],
  }));
  const span = (edge: BlockEdge) => at(blocks, edge.to).column - at(blocks, edge.from).column;
  const wanted = edges.reduce((sum, edge) => sum + Math.max(0, span(edge) - 1), 0);
  const lanes = new Map<string, number>();
  const join = (from: number, to: number) => {
    if (at(slots, from).after.includes(to)) return;
    at(slots, from).after.push(to);
    at(slots, to).before.push(from);
  };
  const ways = edges.map((edge) => {
    const way: number[] = [];
    if (wanted > LANES_MAX) return way;
    for (let column = at(blocks, edge.from).column + 1; column < at(blocks, edge.to).column; column++) {
      const name = `${edge.from}:${column}`;
      let lane = lanes.get(name);
      if (lane === undefined) {
        lane = slots.length;
        lanes.set(name, lane);
        slots.push({ block: -1, column, height: LANE_HEIGHT, before: [], after: [] });
      }
      join(way.at(-1) ?? edge.from, lane);
      way.push(lane);
    }
    if (span(edge) > 0) join(way.at(-1) ?? edge.from, edge.to);
    return way;
  });
  return { slots, ways };
}

function sized(block: Block): PlacedBlock {
  return { ...block, ...blockSize(block), x: 0, y: 0 };
}

function columnsOf(blocks: PlacedBlock[], count: number, unplaceable: number | null): Column[] {
  const columns: Column[] = Array.from({ length: count }, (_, i) => ({
    x: 0,
    width: 0,
    blocks: [],
    stages: [],
    unplaceable: i === unplaceable,
  }));
  for (const block of blocks) {
    const column = at(columns, block.column);
    column.width = Math.max(column.width, block.width);
  }
  let x = 0;
  for (const column of columns) {
    column.x = x;
    x += column.width + COLUMN_GAP;
  }
  return columns;
}

function pointsOf(edge: BlockEdge, way: number[], laid: { blocks: PlacedBlock[]; slots: Slot[]; columns: Column[]; centre: Float64Array }): Point[] {
  const from = at(laid.blocks, edge.from);
  const to = at(laid.blocks, edge.to);
  const lanes = way.flatMap((lane) => {
    const column = at(laid.columns, at(laid.slots, lane).column);
    const y = at(laid.centre, lane);
    return [{ x: column.x, y }, { x: column.x + column.width, y }];
  });
  return [
    { x: from.x + from.width, y: from.y + from.height / 2 },
    ...lanes,
    { x: to.x, y: to.y + to.height / 2 },
  ];
}

export function layOut(tasks: readonly DagTask[], open: ReadonlySet<string> = new Set()): Layout {
  const folded = fold(tasks, buildGraph(tasks), open);
  const blocks = folded.blocks.map(sized);
  const columns = columnsOf(blocks, folded.columnCount, folded.unplaceableColumn);
  const { slots, ways } = layLanes(blocks, folded.edges);
  const stacks: number[][] = columns.map(() => []);
  slots.forEach((slot, i) => at(stacks, slot.column).push(i));
  const centre = placeHeights(slots, sweep(slots, stacks), ROW_GAP);
  blocks.forEach((block, i) => {
    block.x = at(columns, block.column).x;
    block.y = at(centre, i) - block.height / 2;
  });
  columns.forEach((column, c) => {
    column.blocks = at(stacks, c).filter((slot) => at(slots, slot).block !== -1);
    column.stages = [
      ...new Set(column.blocks.flatMap((i) => at(blocks, i).members.map((m) => at(tasks, m).stage))),
    ];
  });
  const laid = { blocks, slots, columns, centre };
  const last = columns.at(-1);
  return {
    blocks,
    columns,
    edges: folded.edges.map((edge, i) => ({ ...edge, points: pointsOf(edge, at(ways, i), laid) })),
    width: last ? last.x + last.width : 0,
    height: blocks.reduce((most, block) => Math.max(most, block.y + block.height), 0),
  };
}
