/** Small graphs for the tests of dag/. */
import type { DagTask } from "@/dag/graph";

export const node = (id: string, dependencies: string[] = [], changes: Partial<DagTask> = {}): DagTask => ({
  id,
  key: id,
  stage: "stage",
  engineId: "engine",
  dependencies,
  required: true,
  ...changes,
});

export const chain = (length: number): DagTask[] =>
  Array.from({ length }, (_, i) => node(`c${i}`, i === 0 ? [] : [`c${i - 1}`]));

/** One task, `width` in the middle, one that needs them all. */
export const fan = (width: number, changes: Partial<DagTask> = {}): DagTask[] => {
  const middle = Array.from({ length: width }, (_, i) => node(`m${i}`, ["first"], { stage: "middle", ...changes }));
  return [node("first"), ...middle, node("last", middle.map(({ id }) => id))];
};

/** A list, a map over it with so many instances as the server lists them, and what follows. */
export const mapped = (instances: number): DagTask[] => {
  const own = Array.from({ length: instances }, (_, i) => node(`each[${i}]`, ["list"], { stage: "each", mappedFrom: "each" }));
  const template = node("each", ["list", ...own.map(({ id }) => id)], { stage: "each" });
  return [node("list"), template, ...own, node("end", ["each"])];
};

/** `layers` of `width` tasks, each needing three of the layer before. */
export const layered = (layers: number, width: number): DagTask[] =>
  Array.from({ length: layers * width }, (_, n) => {
    const layer = Math.floor(n / width);
    const i = n % width;
    const needed = layer === 0 ? [] : [i, (i + 1) % width, (i * 7 + 3) % width];
    return node(`l${layer}-${i}`, needed.map((j) => `l${layer - 1}-${j}`), { engineId: `e${i % 5}` });
  });
