import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/static/console/",
  plugins: [react(), tailwindcss()],
  publicDir: false,
  resolve: { alias: { "@": `${import.meta.dirname}/src` } },
  build: {
    target: ["chrome123", "firefox120", "safari17.5"],
    manifest: true,
    // The CSP allows no data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: "src/main.tsx" },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test/setup.ts"],
    restoreMocks: true,
    unstubGlobals: true,
    sequence: { shuffle: true },
  },
});
