// Pictures of Mermaid sources. Mermaid writes markup and styles, which the console's policy forbids, and its sources come from
// models and strangers: so it runs in a sandboxed frame (diagram/), loaded with the first diagram, and its SVG comes back to be
// shown as an image, in which nothing runs and nothing is fetched.
export interface Drawn {
  url: string;
  width: number;
  height: number;
}

export const kDiagramSourceMax = 20_000;
const kPatienceMs = 15_000;

let frame: Promise<HTMLIFrameElement> | undefined;

function openFrame(): Promise<HTMLIFrameElement> {
  return new Promise((resolve) => {
    const element = document.createElement("iframe");
    element.setAttribute("sandbox", "allow-scripts");
    element.className = "diagram-frame";
    element.tabIndex = -1;
    element.setAttribute("aria-hidden", "true");
    element.title = "diagrams";
    element.addEventListener("load", () => resolve(element), { once: true });
    element.src = "/diagram/index.html";
    document.body.append(element);
  });
}

function dropFrame(): void {
  for (const element of document.querySelectorAll(".diagram-frame")) element.remove();
  frame = undefined;
}

/** Rejects with what is wrong in the source, or when no picture came in time. */
export async function drawDiagram(source: string, dark: boolean): Promise<Drawn> {
  if (source.length > kDiagramSourceMax) throw new Error(`more than ${kDiagramSourceMax} characters`);
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error("no picture came in time")), kPatienceMs);
  });
  frame ??= openFrame();
  const work = frame.then(
    (element) =>
      new Promise<Drawn>((resolve, reject) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }: MessageEvent) => {
          port1.close();
          if (typeof data?.svg !== "string") return reject(new Error(String(data?.error)));
          const url = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(data.svg)}`;
          resolve({ url, width: Number(data.width), height: Number(data.height) });
        };
        // The frame has no origin that could be named.
        element.contentWindow?.postMessage({ source, dark }, "*", [port2]);
      }),
  );
  late.catch(() => undefined);
  return Promise.race([work, late]).catch((error: unknown) => {
    if (error instanceof Error && error.message === "no picture came in time") dropFrame(); // it may hang for ever
    throw error;
  });
}
