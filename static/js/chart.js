// Charts are drawn from the table beside them, in the colours of the theme, and drawn again when the theme changes.
import { BarController, BarElement, CategoryScale, Chart, LinearScale, LineController, LineElement, PointElement, Tooltip } from "chart.js";

Chart.register(BarController, BarElement, CategoryScale, LinearScale, LineController, LineElement, PointElement, Tooltip);

/** A token as the rgba() a canvas understands. */
function colour(token) {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.className = token;
  document.body.append(probe);
  const canvas = document.createElement("canvas").getContext("2d");
  canvas.fillStyle = getComputedStyle(probe).color;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  probe.remove();
  return `rgba(${red}, ${green}, ${blue}, ${alpha / 255})`;
}

function draw(figure) {
  const canvas = figure.querySelector("canvas");
  Chart.getChart(canvas)?.destroy();
  const rows = [...figure.querySelectorAll("tbody tr")];
  const names = [...figure.querySelectorAll("thead th")].map(cell => cell.textContent);
  const language = document.documentElement.lang;
  const [ink, line] = [colour("ink-muted"), colour("ink-line")];
  const stacked = "stacked" in figure.dataset;
  new Chart(canvas, {
    type: figure.dataset.chart,
    data: {
      labels: rows.map(row => row.querySelector("th").textContent),
      datasets: names.map((label, index) => {
        const tone = colour(["ink-series-1", "ink-series-2", "ink-series-3"][index % 3]);
        return { label, data: rows.map(row => Number(row.querySelectorAll("td")[index].dataset.value)), backgroundColor: tone, borderColor: tone, borderWidth: figure.dataset.chart === "line" ? 2 : 0, borderRadius: 2, maxBarThickness: 28, pointRadius: 2 };
      }),
    },
    options: {
      maintainAspectRatio: false, animation: false, locale: language,
      scales: {
        x: { stacked, grid: { display: false }, ticks: { color: ink } },
        y: { stacked, beginAtZero: true, grid: { color: line }, border: { display: false }, ticks: { color: ink, maxTicksLimit: 5 } },
      },
    },
  });
}
function drawAll() { document.querySelectorAll("[data-chart]").forEach(draw); }
document.addEventListener("page:ready", () => document.querySelectorAll("[data-chart]").forEach(figure => Chart.getChart(figure.querySelector("canvas")) || draw(figure)));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
if (document.readyState !== "loading") drawAll();
