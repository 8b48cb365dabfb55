/** The window onto the board: its size, wheel, drag, and the layers that follow the camera. */
import { useEffect, type RefObject } from "react";
import type { CameraStore } from "@/dag/cameraStore";

const DRAG_MIN = 4;
const LINE_PX = 16;

function listenToWheel(port: HTMLElement, camera: CameraStore): () => void {
  const onWheel = (event: WheelEvent) => {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
    if (event.ctrlKey || event.metaKey) {
      const box = port.getBoundingClientRect();
      camera.zoom(Math.exp(-event.deltaY * unit * 0.004), event.clientX - box.left, event.clientY - box.top);
      event.preventDefault();
      return;
    }
    const sideways = event.shiftKey && event.deltaX === 0;
    const dx = (sideways ? event.deltaY : event.deltaX) * unit;
    const dy = sideways ? 0 : event.deltaY * unit;
    if (camera.scroll(dx, dy)) event.preventDefault();
  };
  port.addEventListener("wheel", onWheel, { passive: false });
  return () => port.removeEventListener("wheel", onWheel);
}

/** Drags pan; a press that hardly moves stays a click on what is under it. */
function listenToDrag(port: HTMLElement, camera: CameraStore): () => void {
  let from: { x: number; y: number; moving: boolean } | null = null;
  const onDown = (event: PointerEvent) => {
    if (event.button === 0) from = { x: event.clientX, y: event.clientY, moving: false };
  };
  const onMove = (event: PointerEvent) => {
    if (!from) return;
    const dx = event.clientX - from.x;
    const dy = event.clientY - from.y;
    if (!from.moving && Math.hypot(dx, dy) < DRAG_MIN) return;
    if (!from.moving) port.setPointerCapture(event.pointerId);
    from = { x: event.clientX, y: event.clientY, moving: true };
    camera.pan(dx, dy);
  };
  const onUp = () => (from = null);
  port.addEventListener("pointerdown", onDown);
  port.addEventListener("pointermove", onMove);
  port.addEventListener("pointerup", onUp);
  port.addEventListener("pointercancel", onUp);
  return () => {
    port.removeEventListener("pointerdown", onDown);
    port.removeEventListener("pointermove", onMove);
    port.removeEventListener("pointerup", onUp);
    port.removeEventListener("pointercancel", onUp);
  };
}

export function usePort(
  port: RefObject<HTMLElement | null>,
  layers: { world: RefObject<HTMLElement | null>; heads: RefObject<HTMLElement | null> },
  camera: CameraStore,
): void {
  const { world, heads } = layers;
  useEffect(() => {
    const element = port.current;
    if (!element) return;
    const follow = () => {
      const { x, y, k } = camera.view;
      heads.current?.style.setProperty("--x", `${x}px`);
      heads.current?.style.setProperty("--k", String(k));
      world.current?.style.setProperty("transform", `translate(${x}px, ${y}px) scale(${k})`);
    };
    const sizes = new ResizeObserver(() =>
      camera.setPort({ width: element.clientWidth, height: element.clientHeight }),
    );
    sizes.observe(element);
    const stops = [camera.subscribe(follow), listenToWheel(element, camera), listenToDrag(element, camera)];
    follow();
    return () => {
      sizes.disconnect();
      for (const stop of stops) stop();
    };
  }, [port, world, heads, camera]);
}
