import "@fontsource-variable/inter";
import "@fontsource-variable/geist-mono";
import "@/styles/index.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { createQueryClient } from "@/app/queryClient";
import { createRouter, leadToLogin } from "@/app/router";

const router = createRouter();

const root = document.getElementById("root");
if (!root) throw new Error("The shell has no #root.");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createQueryClient(() => leadToLogin(router))}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
