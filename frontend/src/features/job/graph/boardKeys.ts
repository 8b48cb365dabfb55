/** The board is one tab stop: arrows follow dependencies, Enter opens. */
import type { KeyboardEvent } from "react";
import type { Layout } from "@/dag/layout";
import { step, type Direction } from "@/dag/navigate";

const ARROWS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

interface Options {
  layout: Layout;
  /** Index of the block in focus, −1 before the first key. */
  focus: number;
  onFocus: (block: number) => void;
  onEnter: (block: number) => void;
}

export function boardKeys({ layout, focus, onFocus, onEnter }: Options) {
  return (event: KeyboardEvent): void => {
    if (event.metaKey || event.ctrlKey || event.altKey || layout.blocks.length === 0) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      event.preventDefault();
      const next = focus === -1 ? 0 : step(layout, focus, arrow);
      if (next !== null) onFocus(next);
    } else if (event.key === "Enter" && focus !== -1) {
      event.preventDefault();
      onEnter(focus);
    }
  };
}
