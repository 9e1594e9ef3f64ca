import { registry } from "@web/core/registry";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { graphView } from "@web/views/graph/graph_view";

// What was kept is green and what was broken is red, in every order of the bars.
const COLORS = { met: "#2e9e5b", breached: "#d23f3a", none: "#7aa5d8", void: "#a0a4ab" };

export class ClockGraphRenderer extends GraphRenderer {
    getBarChartData() {
        const data = super.getBarChartData();
        for (const dataset of data.datasets) {
            const identifiers = [...(dataset.identifiers || [])].join();
            const outcome = Object.keys(COLORS).find((code) => identifiers.includes(`"${code}"`));
            if (outcome) {
                dataset.backgroundColor = COLORS[outcome];
            }
        }
        return data;
    }
}

registry.category("views").add("aftersales_clock_graph", {
    ...graphView,
    Renderer: ClockGraphRenderer,
});
