/** The whole board small, for boards that are much larger than their window. */
import { useEffect, useRef, useSyncExternalStore, type PointerEvent } from "react";
import { drawMinimap, loudest } from "@/dag/draw";
import { at } from "@/dag/graph";
import { prepare } from "@/features/job/graph/canvas";
import { useColours } from "@/features/job/graph/colours";
import type { Board } from "@/features/job/graph/useBoard";

const WIDTH = 200;
const HEIGHT_MAX = 140;
const WORTH_IT = 1.6;
/** Fewer blocks are quickly panned through. */
const BLOCKS_MIN = 40;

function useIsLarge({ camera, layout }: Board): boolean {
  const isLarge = () => {
    const { port, view } = camera;
    if (layout.blocks.length < BLOCKS_MIN) return false;
    return layout.width * view.k > port.width * WORTH_IT || layout.height * view.k > port.height * WORTH_IT;
  };
  return useSyncExternalStore(camera.subscribe, isLarge);
}

export function Minimap({ board }: { board: Board }) {
  const map = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const colours = useColours();
  const large = useIsLarge(board);
  const { layout, statuses, camera } = board;
  const scale = Math.min(WIDTH / layout.width, HEIGHT_MAX / layout.height);
  const size = { width: layout.width * scale, height: Math.max(8, layout.height * scale) };
  useEffect(() => {
    const draw = () => {
      const context = map.current && prepare(map.current, size.width, size.height);
      if (!context) return;
      drawMinimap(context, layout, scale, (i) => colours.status[loudest(statuses.counts(at(layout.blocks, i).members))]);
    };
    const follow = () => {
      if (!frame.current) return;
      const { view, port } = camera;
      const toMap = scale / view.k;
      Object.assign(frame.current.style, {
        left: `${-view.x * toMap}px`,
        top: `${-view.y * toMap}px`,
        width: `${port.width * toMap}px`,
        height: `${port.height * toMap}px`,
      });
    };
    draw();
    follow();
    const stops = [camera.subscribe(follow), statuses.subscribe(draw)];
    return () => stops.forEach((stop) => stop());
  }, [layout, statuses, camera, colours, scale, size.width, size.height, large]);
  if (!large) return null;
  const go = (event: PointerEvent<HTMLDivElement>) => {
    if (event.buttons !== 1) return;
    event.stopPropagation();
    const box = event.currentTarget.getBoundingClientRect();
    camera.centre((event.clientX - box.left) / scale, (event.clientY - box.top) / scale);
  };
  return (
    <div className="absolute right-3 bottom-3 rounded-md border border-line-strong bg-surface/95 p-2">
      <div
        aria-hidden
        className="relative cursor-crosshair overflow-hidden"
        style={size}
        onPointerDown={go}
        onPointerMove={go}
      >
        <canvas ref={map} style={size} />
        <div ref={frame} className="pointer-events-none absolute rounded-[2px] border border-accent bg-accent/10" />
      </div>
    </div>
  );
}
