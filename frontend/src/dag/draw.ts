/** Drawing on canvases: edges, heat cells, the minimap. Knows no DOM beyond the 2D context. */
import type { TaskStatus } from "@/api/domain";
import type { View } from "@/dag/camera";
import { at } from "@/dag/graph";
import type { Layout, PlacedEdge, Point } from "@/dag/layout";
import { CELL, heatGrid, PITCH } from "@/dag/size";

export interface Colours {
  edge: string;
  /** An edge whose source is done. */
  settled: string;
  accent: string;
  ground: string;
  status: Record<TaskStatus, string>;
}

type Context = CanvasRenderingContext2D;

const ARROW = 5;

function curve(context: Context, from: Point, to: Point): void {
  const bend = Math.max(24, (to.x - from.x) / 2);
  context.bezierCurveTo(from.x + bend, from.y, to.x - bend, to.y, to.x, to.y);
}

/** Bends between columns, straight through a column's lane. */
export function tracePath(context: Context, points: readonly Point[]): void {
  const start = at(points, 0);
  context.moveTo(start.x, start.y);
  for (let i = 1; i < points.length; i++) {
    const from = at(points, i - 1);
    const to = at(points, i);
    // Between a lane's two ends the line runs level.
    if (i % 2 === 0) context.lineTo(to.x, to.y);
    else curve(context, from, i === points.length - 1 ? { x: to.x - ARROW, y: to.y } : to);
  }
}

function arrow(context: Context, tip: Point): void {
  context.beginPath();
  context.moveTo(tip.x - 1, tip.y);
  context.lineTo(tip.x - 1 - ARROW - 1, tip.y - 3.5);
  context.lineTo(tip.x - 1 - ARROW - 1, tip.y + 3.5);
  context.closePath();
  context.fill();
}

export const edgeWidth = (count: number): number => Math.min(4, 1.25 + Math.log10(count) * 0.75);

export interface EdgeScene {
  layout: Layout;
  colours: Colours;
  isSettled: (edge: PlacedEdge) => boolean;
  isLit: (edge: PlacedEdge) => boolean;
  /** Something is lit, so the rest steps back. */
  dim: boolean;
}

function stroke(context: Context, edge: PlacedEdge, colour: string, width: number): void {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = width;
  context.setLineDash(edge.optional ? [5, 4] : []);
  context.beginPath();
  tracePath(context, edge.points);
  context.stroke();
  arrow(context, at(edge.points, edge.points.length - 1));
}

const touches = (edge: PlacedEdge, left: number, right: number): boolean =>
  at(edge.points, 0).x <= right && at(edge.points, edge.points.length - 1).x >= left;

/** `width` in screen pixels, the context already scaled to the device. */
export function drawEdges(context: Context, scene: EdgeScene, view: View, width: number): void {
  const { layout, colours } = scene;
  context.save();
  context.translate(view.x, view.y);
  context.scale(view.k, view.k);
  const left = -view.x / view.k;
  const seen = layout.edges.filter((edge) => touches(edge, left, left + width / view.k));
  const thinnest = 1 / view.k;
  context.globalAlpha = scene.dim ? 0.45 : 1;
  for (const edge of seen) {
    if (scene.isLit(edge)) continue;
    const colour = scene.isSettled(edge) ? colours.settled : colours.edge;
    stroke(context, edge, colour, Math.max(thinnest, edgeWidth(edge.count)));
  }
  context.globalAlpha = 1;
  for (const edge of seen) {
    if (scene.isLit(edge)) stroke(context, edge, colours.accent, Math.max(1.5 * thinnest, edgeWidth(edge.count) + 0.5));
  }
  context.restore();
}

/** One cell a task; a failed one also has a notch, so that colour is not alone. */
export function drawHeat(context: Context, statuses: readonly TaskStatus[], colours: Colours): void {
  const { perRow } = heatGrid(statuses.length);
  statuses.forEach((status, i) => {
    const x = (i % perRow) * PITCH;
    const y = Math.floor(i / perRow) * PITCH;
    context.fillStyle = colours.status[status];
    context.fillRect(x, y, CELL, CELL);
    if (status !== "failed") return;
    context.fillStyle = colours.ground;
    context.beginPath();
    context.moveTo(x + CELL - 4, y);
    context.lineTo(x + CELL, y);
    context.lineTo(x + CELL, y + 4);
    context.closePath();
    context.fill();
  });
}

/** Blocks as rectangles in the colour of what matters most in them. */
export function drawMinimap(
  context: Context,
  layout: Layout,
  scale: number,
  colourOf: (block: number) => string,
): void {
  layout.blocks.forEach((block, i) => {
    context.fillStyle = colourOf(i);
    context.fillRect(
      block.x * scale,
      block.y * scale,
      Math.max(1, block.width * scale),
      Math.max(1, block.height * scale),
    );
  });
}

const LOUDEST: TaskStatus[] = ["failed", "running", "ready", "cancelled", "pending", "completed", "skipped"];

/** The status that stands for many. */
export const loudest = (counts: Record<TaskStatus, number>): TaskStatus =>
  LOUDEST.find((status) => counts[status] > 0) ?? "pending";
