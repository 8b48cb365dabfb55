import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach } from "vitest";

// A page is loaded in several chunks, which takes its time on a busy machine.
configure({ asyncUtilTimeout: 4000 });

beforeEach(() => {
  localStorage.clear();
});

afterEach(() => {
  cleanup();
  document.body.replaceChildren();
});
