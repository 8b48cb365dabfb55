/** All edges on one canvas behind the blocks; statuses reach it at most 4 times a second. */
import { useEffect, useRef } from "react";
import { drawEdges, type EdgeScene } from "@/dag/draw";
import { at } from "@/dag/graph";
import type { PlacedEdge } from "@/dag/layout";
import { prepare } from "@/features/job/graph/canvas";
import { useColours } from "@/features/job/graph/colours";
import type { Board } from "@/features/job/graph/useBoard";

const REDRAW_MS = 250;
const DONE = new Set(["completed", "skipped"]);

interface Props {
  board: Board;
  /** Blocks whose edges are lit. */
  lit: ReadonlySet<number>;
  /** Consecutive blocks of the critical path, as `from:to`. */
  path: ReadonlySet<string>;
}

export function EdgeCanvas({ board, lit, path }: Props) {
  const ref = useRef<HTMLCanvasElement>(null);
  const colours = useColours();
  const { layout, statuses, camera } = board;
  useEffect(() => {
    const isSettled = ({ from }: PlacedEdge) =>
      at(layout.blocks, from).members.every((task) => DONE.has(statuses.get(task)));
    const isLit = (edge: PlacedEdge) =>
      path.size > 0 ? path.has(`${edge.from}:${edge.to}`) : lit.has(edge.from) || lit.has(edge.to);
    const scene: EdgeScene = { layout, colours, isSettled, isLit, dim: path.size > 0 || lit.size > 0 };
    const draw = () => {
      const { width, height } = camera.port;
      const context = ref.current && prepare(ref.current, width, height);
      if (context) drawEdges(context, scene, camera.view, width);
    };
    let timer: ReturnType<typeof setTimeout> | null = null;
    const drawSoon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        draw();
      }, REDRAW_MS);
    };
    draw();
    const stops = [camera.subscribe(draw), statuses.subscribe(drawSoon)];
    return () => {
      if (timer !== null) clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [layout, statuses, camera, colours, lit, path]);
  return <canvas ref={ref} aria-hidden className="pointer-events-none absolute inset-0 size-full" />;
}
