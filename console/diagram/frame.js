// Draws Mermaid diagrams in a page without an origin: the server sends it in a sandbox, under a policy of its own. What a model
// or a web page wrote can reach neither the console nor the network from here; only the picture goes back.
// In: {source, dark} with a port. Out, on that port: {svg, width, height} or {error}.
{
  const { mermaid } = globalThis;
  let last = Promise.resolve();
  let count = 0;

  async function draw({ source, dark }) {
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: "strict",
      theme: dark ? "dark" : "default",
      fontFamily: "sans-serif",
      htmlLabels: false, // HTML in a picture is not drawn by every browser
      flowchart: { htmlLabels: false },
      suppressErrorRendering: true,
      maxTextSize: 20_000,
      maxEdges: 300,
    });
    const { svg } = await mermaid.render(`diagram-${++count}`, source);
    const box = /viewBox="[-\d.e]+ [-\d.e]+ ([\d.e]+) ([\d.e]+)"/.exec(svg);
    return { svg, width: Number(box?.[1] ?? 0), height: Number(box?.[2] ?? 0) };
  }

  // One at a time: Mermaid keeps its settings for all.
  addEventListener("message", ({ source, data, ports }) => {
    const [port] = ports;
    if (source !== parent || !port) return;
    last = last
      .then(() => draw(data))
      .then(
        (drawn) => port.postMessage(drawn),
        (error) => port.postMessage({ error: String(error?.message ?? error).slice(0, 300) }),
      );
  });
}
