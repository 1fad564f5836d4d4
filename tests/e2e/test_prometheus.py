"""A real Prometheus scrapes weir and weir-host, loads our alert rules, and understands every query of our dashboards."""

import json
import re
import signal
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from host_process import WeirHost, free_port
from test_metrics import Served
from weir_process import Case, Exporter, wait_for

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
# Only on machines that have it.
MAY_BE_ABSENT = re.compile(r"node_(disk_|nf_conntrack_|pressure_|filesystem_|network_)|weir_redis_|weir_exporter_sampling_rate|weir_anomalies_total")


class Prometheus:
    def __init__(self, folder, jobs):
        self.port = free_port()
        rules = folder / "weir.rules.yml"
        rules.write_text((PACKAGING / "prometheus/weir.rules.yml").read_text())
        scrapes = "".join(f"  - job_name: {job}\n    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n" for job, port in jobs.items())
        config = folder / "prometheus.yml"
        config.write_text(f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{rules}]\nscrape_configs:\n{scrapes}")
        self.log = open(folder / "prometheus.log", "w")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log)

    def api(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}", timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # not ready yet
                return None
            raise AssertionError(f"{path} {parameters}: {error.read().decode()}") from None
        except urllib.error.URLError:
            return None

    def query(self, expression):
        answer = self.api("query", query=expression)
        return answer and answer["result"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()


def dashboard_queries():
    for path in sorted((PACKAGING / "grafana").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                expression = target["expr"]
                for variable, text in {"$instance": ".*", "$exporter": ".*", "$__rate_interval": "4s", "$__range": "1h"}.items():
                    expression = expression.replace(variable, text)
                yield f"{path.stem}: {panel['title']}", expression


class RealPrometheus(Case):
    def test_scrapes_rules_and_dashboards(self):
        with Served(self.folder / "store", "--flush-interval", "1s") as collector, WeirHost() as host, \
                Prometheus(self.folder, {"weir": collector.http_port, "weir-host": host.port}) as prometheus, \
                Exporter(collector.port) as exporter:
            def scraped_twice():
                exporter.send(2)
                rates = prometheus.query("rate(weir_decoded_flows_total[4s])")
                host_rates = prometheus.query("rate(process_cpu_seconds_total{job='weir-host'}[4s])")
                return rates and host_rates and float(rates[0]["value"][1]) > 0
            wait_for(scraped_twice, "both programs are scraped")
            for target in prometheus.api("targets")["activeTargets"]:
                self.assertEqual((target["health"], target["lastError"]), ("up", ""), target["labels"])
            # Nothing that Prometheus had to repair or drop.
            for name in ("scrape_samples_scraped", "scrape_samples_post_metric_relabeling"):
                self.assertTrue(all(float(s["value"][1]) > 50 for s in prometheus.query(name)))
            problems = "prometheus_target_scrapes_sample_duplicate_timestamp_total + prometheus_target_scrapes_sample_out_of_order_total"
            self.assertFalse([s for s in prometheus.query(problems) or [] if float(s["value"][1]) > 0])

            rules = [rule for group in prometheus.api("rules")["groups"] for rule in group["rules"]]
            self.assertGreaterEqual(len(rules), 14)
            wait_for(lambda: all(rule["health"] == "ok" for g in prometheus.api("rules")["groups"] for rule in g["rules"]), "all rules are evaluated")
            for rule in rules:
                self.assertEqual(rule.get("lastError"), None, rule["name"])
            firing = [a["labels"]["alertname"] for a in prometheus.api("alerts")["alerts"] if a["state"] == "firing"]
            self.assertEqual(firing, [])

            names = set(prometheus.api("label/__name__/values"))
            for where, expression in dashboard_queries():
                with self.subTest(where):
                    result = prometheus.query(expression)
                    self.assertIsNotNone(result)
                    used = set(re.findall(r"\b(?:weir|node|process)_[a-z0-9A-Z_]+", expression))
                    missing = {name for name in used - names if not MAY_BE_ABSENT.match(name)}
                    self.assertEqual(missing, set())
            alert_metrics = set(re.findall(r"\bweir_[a-z_]+", (PACKAGING / "prometheus/weir.rules.yml").read_text()))
            self.assertEqual({n for n in alert_metrics - names if not MAY_BE_ABSENT.match(n)}, set())

    def test_rules_fire(self):
        tests = self.folder / "rules_test.yml"
        tests.write_text(f"""rule_files: [{PACKAGING / 'prometheus/weir.rules.yml'}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'weir_dropped_flows_total{{instance="a",exporter="x",reason="queue_full"}}', values: '0+60x20'}}
      - {{series: 'weir_exporter_last_seen_timestamp_seconds{{instance="a",exporter="x"}}', values: '0x40'}}
      - {{series: 'weir_store_failing{{instance="a"}}', values: '0x10 1x10'}}
    alert_rule_test:
      - eval_time: 15m
        alertname: WeirDroppingFlows
        exp_alerts:
          - exp_labels: {{severity: critical, instance: a, reason: queue_full}}
            exp_annotations:
              summary: a drops 1 flows a second (queue_full)
              description: "queue_full: the store does not keep up (a faster disk, fewer flows); store_failed: see WeirStoreFailing."
      - {{eval_time: 9m, alertname: WeirStoreFailing, exp_alerts: []}}
      - {{eval_time: 14m, alertname: WeirExporterSilent, exp_alerts: []}}
      - eval_time: 16m
        alertname: WeirExporterSilent
        exp_alerts: [{{exp_labels: {{severity: warning, instance: a, exporter: x}}, exp_annotations: {{summary: "Nothing from exporter x for 16m 0s"}}}}]
""")
        done = subprocess.run(["promtool", "test", "rules", str(tests)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
