// Pictures of Mermaid sources. Mermaid writes markup and styles, which the console's policy forbids, and its sources come from
// models and strangers: so it runs in a sandboxed frame (diagram/), loaded with the first diagram, and its SVG comes back to be
// shown as an image, in which nothing runs and nothing is fetched.
export interface Drawn {
  url: string;
  width: number;
  height: number;
}

const kSourceMax = 20_000; // of diagram/frame.js too
const kPatienceMs = 15_000;

interface Frame {
  element: HTMLIFrameElement;
  loaded: Promise<void>;
}

let shared: Frame | undefined;
// One at a time: one that never ends is then the only one that is not drawn.
let last: Promise<unknown> = Promise.resolve();

function openFrame(): Frame {
  const element = document.createElement("iframe");
  element.setAttribute("sandbox", "allow-scripts");
  element.className = "diagram-frame";
  element.tabIndex = -1;
  element.setAttribute("aria-hidden", "true");
  element.title = "diagrams";
  const loaded = new Promise<void>((resolve) => {
    element.addEventListener("load", () => resolve(), { once: true });
  });
  element.src = "/diagram/index.html";
  document.body.append(element);
  return { element, loaded };
}

/** Rejects with what is wrong in the source, or when no picture came in time. */
export async function drawDiagram(source: string, dark: boolean): Promise<Drawn> {
  if (source.length > kSourceMax) throw new Error(`more than ${kSourceMax} characters`);
  const mine = last.then(() => draw(source, dark));
  last = mine.catch(() => {});
  return mine;
}

function draw(source: string, dark: boolean): Promise<Drawn> {
  shared ??= openFrame();
  const frame = shared;
  return new Promise<Drawn>((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    const late = setTimeout(() => {
      port1.close();
      frame.element.remove(); // what it draws may never end; the next diagram gets another
      shared = undefined;
      reject(new Error("no picture came in time"));
    }, kPatienceMs);
    port1.onmessage = ({ data }: MessageEvent) => {
      clearTimeout(late);
      port1.close();
      if (typeof data?.svg !== "string") return reject(new Error(String(data?.error)));
      const url = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(data.svg)}`;
      resolve({ url, width: Number(data.width), height: Number(data.height) });
    };
    // The frame has no origin that could be named.
    void frame.loaded.then(() => frame.element.contentWindow?.postMessage({ source, dark }, "*", [port2]));
  });
}
