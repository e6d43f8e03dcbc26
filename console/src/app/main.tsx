// Where the page begins.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { signInFromAddress, watchAddress } from "../features/session/session.ts";
import { applyTheme } from "../lib/theme.ts";
import { App } from "./app.tsx";
import { CrashBoundary } from "./crash.tsx";
import "./global.css";

void signInFromAddress();
watchAddress();
applyTheme();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <CrashBoundary>
      <QueryClientProvider client={new QueryClient()}>
        <App />
      </QueryClientProvider>
    </CrashBoundary>
  </StrictMode>,
);
