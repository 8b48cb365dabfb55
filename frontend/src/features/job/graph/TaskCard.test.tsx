import { render } from "@testing-library/react";
import { expect, it } from "vitest";
import { layOut } from "@/dag/layout";
import { TaskCard } from "@/features/job/graph/TaskCard";
import { task } from "@/test/cast";

const template = task({ map: { over: "vad", path: "segments", max: 1000 }, status: "pending" });
const [block] = layOut([template]).blocks;
const state = { focused: false, selected: false, dimmed: false };

const textOf = (instances: number) =>
  block && render(<TaskCard block={block} task={template} state={state} instances={instances} />).container.textContent;

it("says how many instances a map has, once it has some", () => {
  expect(textOf(0)).toContain("Pending · map");
  expect(textOf(0)).not.toContain("map of");
  expect(textOf(1200)).toContain("map of 1,200");
});
