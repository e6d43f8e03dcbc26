// Where the page begins.
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "../api/queries.ts";
import { signInFromAddress, watchAddress } from "../features/session/session.ts";
import { applyPrefs } from "../lib/prefs.ts";
import { watchHistory } from "../lib/router.ts";
import { applyTheme } from "../lib/theme.ts";
import { App } from "./app.tsx";
import { CrashBoundary } from "./crash.tsx";
import "./global.css";

void signInFromAddress();
watchAddress();
applyTheme();
applyPrefs();
watchHistory();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <CrashBoundary>
      <QueryClientProvider client={queryClient}>
        <App />
      </QueryClientProvider>
    </CrashBoundary>
  </StrictMode>,
);
