"""docker/milvus.compose.yaml. It is not started: tests have no Docker."""

import os
import re

import yaml

from tests.documentation.pages import ROOT, read


def test_the_services_are_complete_and_their_versions_fixed():
    with open(os.path.join(ROOT, "docker", "milvus.compose.yaml"), encoding="utf-8") as file:
        content = yaml.safe_load(file)
    services = content["services"]
    for name, service in services.items():
        assert re.search(r":(v\d+\.\d+\.\d+|RELEASE\.\d{4}-\d\d-\d\d.*)$", service["image"]), name
        assert set(service.get("depends_on", ())) <= set(services)
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(content["volumes"])
        assert service["healthcheck"]["test"][0] == "CMD"
    assert list(services["milvus"]["depends_on"]) == ["etcd", "minio"]
    assert services["milvus"]["ports"] == ["19530:19530"]
    assert "docker/milvus.compose.yaml" in read("docs/milvus.md")
