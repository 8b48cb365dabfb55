import { screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { shellAnswers } from "@/test/cast";
import { wireSession } from "@/test/pool";
import { renderAt } from "@/test/render";
import { json, serve } from "@/test/server";

it("shows which workers the router looked at, and what it thought of each", async () => {
  const candidates = [
    { worker_id: "w1", worker: "asr-1", active: 2, capacity: 2, verdict: "full" },
    { worker_id: "w2", worker: "asr-2", active: 0, capacity: 2, verdict: "chosen" },
  ];
  const session = wireSession({ placement: { candidates, rounds: 1, milliseconds: 1.234 } });
  serve({ ...shellAnswers, [`GET /api/console/realtime/sessions/${session.id}`]: () => json(session) });
  renderAt(`/realtime/sessions/${session.id}`);
  const rows = within(await screen.findByRole("table")).getAllByRole("row").slice(1);
  expect(rows.map((row) => row.textContent)).toEqual(["asr-1full2 / 2", "asr-2chosen0 / 2"]);
  expect(document.body.textContent).toContain("1.2 ms");
});
