#!/usr/bin/env python3
"""Writes the Grafana dashboards of packaging/grafana from the tables below, into the folder that is given."""

import json
import pathlib
import sys

WIDTH, HEIGHT = 12, 8  # of a graph; a row is 24 wide
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def graph(title, unit, *queries, stack=False):
    """queries: (expression, legend)."""
    return {"type": "timeseries", "title": title, "queries": queries, "unit": unit, "stack": stack}


def stat(title, unit, expression):
    return {"type": "stat", "title": title, "queries": [(expression, "")], "unit": unit}


def table(title, *columns):
    """columns: (name, expression, unit), joined by the label `exporter`."""
    return {"type": "table", "title": title, "columns": columns}


RATE = "[$__rate_interval]"
C = 'instance=~"$instance"'
E = f'{C},exporter=~"$exporter"'

DASHBOARDS = {
    "weir-flows": ("Weir: flows", "weir_queue_batches", False, [
        stat("Flows a second", "cps", f"sum(rate(weir_decoded_flows_total{{{C}}}{RATE}))"),
        stat("Exporters", "none", f'count(weir_exporter_last_seen_timestamp_seconds{{{C},exporter!="other"}})'),
        stat("Flows dropped", "none", f"sum(increase(weir_dropped_flows_total{{{C}}}[$__range]))"),
        stat("Resident memory", "bytes", f'sum(process_resident_memory_bytes{{{C},job=~".*weir.*"}} * on(instance) group_left weir_build_info)'),
        graph("Flows", "cps", (f"sum(rate(weir_decoded_flows_total{{{C}}}{RATE}))", "decoded"),
              (f"sum(rate(weir_stored_flows_total{{{C}}}{RATE}))", "stored"),
              (f"sum by (reason) (rate(weir_dropped_flows_total{{{C}}}{RATE}))", "dropped: {{reason}}")),
        graph("Datagrams", "pps", (f"sum(rate(weir_received_datagrams_total{{{C}}}{RATE}))", "received"),
              (f"sum(rate(weir_rejected_datagrams_total{{{C}}}{RATE}))", "rejected"),
              (f"sum(rate(weir_socket_dropped_datagrams_total{{{C}}}{RATE}))", "dropped by the kernel")),
        graph("Received", "Bps", (f"sum(rate(weir_received_bytes_total{{{C}}}{RATE}))", "bytes")),
        graph("Queue to the store", "none", (f"weir_queue_batches{{{C}}}", "{{instance}} batches"),
              (f"weir_queue_capacity_batches{{{C}}}", "{{instance}} capacity"),
              (f"weir_flows_in_flight{{{C}}}", "{{instance}} flows in flight")),
        graph("Time to decode a datagram", "s",
              *[(f"histogram_quantile({q}, sum by (le) (rate(weir_datagram_decode_seconds_bucket{{{C}}}{RATE})))", f"p{q * 100:g}")
                for q in (0.5, 0.9, 0.99)]),
        graph("Store", "Bps", (f"sum(rate(weir_store_written_bytes_total{{{C}}}{RATE}))", "written"),),
        graph("Files", "cps", (f"sum(rate(weir_store_segments_written_total{{{C}}}{RATE}))", "written"),
              (f"sum(rate(weir_store_segments_merged_total{{{C}}}{RATE}))", "merged"),
              (f"sum(rate(weir_store_segments_expired_total{{{C}}}{RATE}))", "expired"),
              (f"sum(rate(weir_store_write_failures_total{{{C}}}{RATE}))", "failures")),
        graph("Connections of exporters", "none", (f"weir_connections_open{{{C}}}", "{{instance}} open"),
              (f"sum by (reason) (rate(weir_connections_closed_total{{{C}}}{RATE}))", "closed a second: {{reason}}")),
        graph("Memory", "bytes", (f"process_resident_memory_bytes{{{C}}} and on(instance) weir_build_info", "{{instance}} resident"),
              (f"weir_memory_limit_bytes{{{C}}} > 0", "{{instance}} limit")),
        graph("Processor", "percentunit", (f"rate(process_cpu_seconds_total{{{C}}}{RATE}) and on(instance) weir_build_info", "{{instance}}")),
    ]),
    "weir-exporters": ("Weir: exporters", "weir_queue_batches", True, [
        table("Exporters",
              ("Last seen", f"time() - max by (exporter) (weir_exporter_last_seen_timestamp_seconds{{{E}}})", "s"),
              ("Flows/s", f"sum by (exporter) (rate(weir_decoded_flows_total{{{E}}}{RATE}))", "cps"),
              ("Datagrams/s", f"sum by (exporter) (rate(weir_received_datagrams_total{{{E}}}{RATE}))", "pps"),
              ("Lost", f"sum by (exporter) (increase(weir_lost_units_total{{{E}}}[$__range]))", "none"),
              ("Rejected", f"sum by (exporter) (increase(weir_rejected_datagrams_total{{{E}}}[$__range]))", "none"),
              ("Undecodable sets", f"sum by (exporter) (increase(weir_undecodable_sets_total{{{E}}}[$__range]))", "none"),
              ("Dropped flows", f"sum by (exporter) (increase(weir_dropped_flows_total{{{E}}}[$__range]))", "none"),
              ("Sampling", f"max by (exporter) (weir_exporter_sampling_rate{{{E}}})", "none")),
        graph("Flows", "cps", (f"topk(20, sum by (exporter) (rate(weir_decoded_flows_total{{{E}}}{RATE})))", "{{exporter}}"), stack=True),
        graph("Received", "Bps", (f"topk(20, sum by (exporter) (rate(weir_received_bytes_total{{{E}}}{RATE})))", "{{exporter}}"), stack=True),
        graph("Lost before they arrived", "cps", (f"topk(20, sum by (exporter) (rate(weir_lost_units_total{{{E}}}{RATE})))", "{{exporter}}")),
        graph("Anomalies", "cps", (f"topk(20, sum by (exporter, reason) (rate(weir_anomalies_total{{{E}}}{RATE})))", "{{exporter}} {{reason}}")),
        graph("Templates received", "cps", (f"topk(20, sum by (exporter) (rate(weir_received_templates_total{{{E}}}{RATE})))", "{{exporter}}")),
        graph("Sets that wait for their template", "none", (f"topk(20, sum by (exporter) (weir_waiting_sets{{{E}}}))", "{{exporter}}")),
    ]),
    "weir-host": ("Weir: host", "node_uname_info", False, [
        stat("Processors", "none", f'count(count by (cpu) (node_cpu_seconds_total{{{C},mode="idle"}}))'),
        stat("Up since", "s", f"time() - node_boot_time_seconds{{{C}}}"),
        stat("Memory in use", "percentunit", f"1 - node_memory_MemAvailable_bytes{{{C}}} / node_memory_MemTotal_bytes{{{C}}}"),
        stat("Cost of measuring", "percentunit", f"rate(process_cpu_seconds_total{{{C}}}{RATE}) and on(instance) node_uname_info"),
        graph("Processor", "percentunit",
              (f'sum by (mode) (rate(node_cpu_seconds_total{{{C},mode!="idle"}}{RATE})) / scalar(count(count by (cpu) (node_cpu_seconds_total{{{C}}})))', "{{mode}}"), stack=True),
        graph("Load", "none", (f"node_load1{{{C}}}", "1 m"), (f"node_load5{{{C}}}", "5 m"), (f"node_load15{{{C}}}", "15 m")),
        graph("Memory", "bytes", (f"node_memory_MemTotal_bytes{{{C}}}", "total"), (f"node_memory_MemAvailable_bytes{{{C}}}", "available"),
              (f"node_memory_Cached_bytes{{{C}}}", "cached"), (f"node_memory_Buffers_bytes{{{C}}}", "buffers")),
        graph("Pressure: share of time that something waits", "percentunit",
              (f"rate(node_pressure_cpu_waiting_seconds_total{{{C}}}{RATE})", "cpu"),
              (f"rate(node_pressure_io_waiting_seconds_total{{{C}}}{RATE})", "io"),
              (f"rate(node_pressure_memory_waiting_seconds_total{{{C}}}{RATE})", "memory")),
        graph("Network received", "bps", (f'rate(node_network_receive_bytes_total{{{C},device!="lo"}}{RATE}) * 8', "{{device}}")),
        graph("Network sent", "bps", (f'rate(node_network_transmit_bytes_total{{{C},device!="lo"}}{RATE}) * 8', "{{device}}")),
        graph("Network errors and drops", "pps", (f"rate(node_network_receive_errs_total{{{C}}}{RATE}) > 0", "{{device}} receive errors"),
              (f"rate(node_network_receive_drop_total{{{C}}}{RATE}) > 0", "{{device}} receive drops"),
              (f"rate(node_network_transmit_errs_total{{{C}}}{RATE}) > 0", "{{device}} transmit errors"),
              (f"rate(node_network_transmit_drop_total{{{C}}}{RATE}) > 0", "{{device}} transmit drops")),
        graph("TCP", "cps", (f"rate(node_netstat_Tcp_RetransSegs{{{C}}}{RATE})", "retransmitted segments"),
              (f"rate(node_netstat_TcpExt_ListenDrops{{{C}}}{RATE})", "listen drops"),
              (f"rate(node_netstat_Udp_RcvbufErrors{{{C}}}{RATE})", "UDP receive buffer errors")),
        graph("Disk read and written", "Bps", (f"rate(node_disk_read_bytes_total{{{C}}}{RATE})", "{{device}} read"),
              (f"rate(node_disk_written_bytes_total{{{C}}}{RATE})", "{{device}} written")),
        graph("Disk busy", "percentunit", (f"rate(node_disk_io_time_seconds_total{{{C}}}{RATE})", "{{device}}")),
        graph("File systems in use", "percentunit",
              (f"1 - node_filesystem_avail_bytes{{{C}}} / node_filesystem_size_bytes{{{C}}}", "{{mountpoint}}")),
        graph("Connection tracking", "none", (f"node_nf_conntrack_entries{{{C}}}", "entries"), (f"node_nf_conntrack_entries_limit{{{C}}}", "limit")),
    ]),
}


def target(expression, legend, number, instant=False):
    shown = {"datasource": SOURCE, "expr": expression, "refId": chr(ord("A") + number), "legendFormat": legend or "__auto"}
    return shown | ({"instant": True, "range": False, "format": "table"} if instant else {})


def table_panel(panel):
    columns = panel["columns"]
    letters = [chr(ord("A") + i) for i in range(len(columns))]
    return {
        "targets": [target(expression, "", i, instant=True) for i, (_, expression, _) in enumerate(columns)],
        "transformations": [
            {"id": "joinByField", "options": {"byField": "exporter", "mode": "outer"}},
            {"id": "organize", "options": {
                "excludeByName": {f"Time {i + 1}": True for i in range(len(columns))} | {"Time": True},
                "renameByName": {f"Value #{letter}": name for letter, (name, _, _) in zip(letters, columns)} | {"exporter": "Exporter"}}},
        ],
        "fieldConfig": {"defaults": {}, "overrides": [
            {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]} for name, _, unit in columns]},
    }


def plain_panel(panel):
    custom = {"fillOpacity": 20, "stacking": {"mode": "normal"}} if panel.get("stack") else {}
    defaults = {"unit": panel["unit"], "min": 0} | ({"custom": custom} if custom else {})
    return {
        "targets": [target(expression, legend, i) for i, (expression, legend) in enumerate(panel["queries"])],
        "fieldConfig": {"defaults": defaults, "overrides": []},
    }


def size(panel):
    return {"stat": (6, 4), "table": (24, 10)}.get(panel["type"], (WIDTH, HEIGHT))


def laid_out(panels):
    x = y = row = 0
    for number, panel in enumerate(panels, 1):
        width, height = size(panel)
        if x + width > 24:
            x, y = 0, y + row
            row = 0
        body = table_panel(panel) if panel["type"] == "table" else plain_panel(panel)
        yield {"id": number, "type": panel["type"], "title": panel["title"], "datasource": SOURCE,
               "gridPos": {"x": x, "y": y, "w": width, "h": height}} | body
        x, row = x + width, max(row, height)


def variable(name, metric, label):
    return {"name": name, "type": "query", "datasource": SOURCE, "query": f"label_values({metric}, {label})", "refresh": 2,
            "multi": True, "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}, "sort": 1}


def dashboard(name, title, metric, by_exporter, panels):
    variables = [{"name": "datasource", "type": "datasource", "query": "prometheus"}, variable("instance", metric, "instance")]
    if by_exporter:
        variables.append(variable("exporter", "weir_received_datagrams_total", "exporter"))
    return {"uid": name, "title": title, "tags": ["weir"], "schemaVersion": 39, "version": 1, "editable": True, "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"}, "templating": {"list": variables}, "panels": list(laid_out(panels))}


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, (title, metric, by_exporter, panels) in DASHBOARDS.items():
        text = json.dumps(dashboard(name, title, metric, by_exporter, panels), indent=1)
        (folder / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
