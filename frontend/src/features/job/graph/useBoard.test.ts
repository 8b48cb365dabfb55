import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { useBoard } from "@/features/job/graph/useBoard";
import { task } from "@/test/cast";

const list = task({ id: "list" });
const template = task({ id: "each", dependencies: ["list"] });
const instances = ["x", "y"].map((id) => task({ id, dependencies: ["list"], mappedFrom: "each" }));
const expanded = [list, task({ id: "each", dependencies: ["list", "x", "y"] }), ...instances];

const columnsAfter = (before: ReturnType<typeof task>[], after: ReturnType<typeof task>[]) => {
  const { result, rerender } = renderHook(useBoard, { initialProps: before });
  rerender(after);
  const { blocks } = result.current.layout;
  return Object.fromEntries(blocks.map(({ id, column }) => [id, column]));
};

it("draws the instances of a map once they are there", () => {
  expect(columnsAfter([list, template], expanded)).toEqual({ list: 0, x: 1, y: 1, each: 2 });
});

it("forgets instances that a retry removed", () => {
  expect(columnsAfter(expanded, [list, template])).toEqual({ list: 0, each: 1 });
});

it("draws other instances in the place of removed ones", () => {
  const others = instances.map((old) => ({ ...old, id: `${old.id}2` }));
  const anew = [list, task({ id: "each", dependencies: ["list", "x2", "y2"] }), ...others];
  expect(columnsAfter(expanded, anew)).toEqual({ list: 0, x2: 1, y2: 1, each: 2 });
});
