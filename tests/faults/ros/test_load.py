"""More images, publishers and requests than the node can process."""

import os
import threading
import time

import numpy as np
import rospy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from place_recognition_ros.msg import LoopCandidates
from place_recognition_ros.srv import QueryImage, Relocalize
from tests.faults.forms import fault, forms
from tests.ros.camera import NODE, PARAMETERS, THERE, Camera, Diagnostics, to_image
from tests.ros.conftest import ROOT

SLOW_NODE = os.path.join(ROOT, "tests", "ros", "slow_node.py")
RATE = 300  # Hz
PROCESSING_TIME = 0.2  # seconds of processing per image in the slow node
CLIENTS = 64
MAX_AGE = (
    1.0  # seconds, of the 95th percentile, on a busy machine; a queue would make it the length of the test
)


class Ages:
    """Age of each result when it arrives, in seconds."""

    def __init__(self):
        self.seconds = []

    def add(self, message):
        self.seconds.append((rospy.Time.now() - message.header.stamp).to_sec())


@fault(25, "Input at ten times capacity")
@forms(short=4, long=600)
def test_results_are_recent_and_dropped_images_are_counted(ros, start_node, tried, amount):
    node = start_node(program=SLOW_NODE, **PARAMETERS)
    diagnostics = Diagnostics(ros)
    ros.subscribe(NODE + "/queries", LoopCandidates)
    ages = Ages()
    subscriber = rospy.Subscriber(NODE + "/queries", LoopCandidates, ages.add)
    images = ros.publisher("keyframe", Image)
    messages = [to_image(image[::2, ::2].copy(), 0) for image in THERE]
    start, sent = time.monotonic(), 0
    while time.monotonic() < start + amount:
        message = messages[sent % len(messages)]
        message.header.stamp = rospy.Time.now()
        images.publish(message)
        sent += 1
        time.sleep(max(0.0, start + sent / RATE - time.monotonic()))
    time.sleep(PROCESSING_TIME)
    values = diagnostics.next()
    subscriber.unregister()
    age = float(np.percentile(ages.seconds, 95))
    assert age <= MAX_AGE
    assert len(ages.seconds) >= 0.25 * amount / PROCESSING_TIME
    assert int(values["dropped"]) >= 0.9 * sent - len(ages.seconds), "rospy may lose some, too"
    assert node.running
    tried(
        "images at 300 Hz for a node that needs 0.2 s for each",
        f"{amount / 60:.1f} min",
        f"{sent:,} sent, {len(ages.seconds):,} processed, the others counted; age of 95 % ≤{age:.2f} s",
    )


@fault(26, "Several publishers")
@forms(short=4, long=600)
def test_images_of_eight_publishers_are_processed_one_by_one(ros, start_node, tried, amount):
    node = start_node(**PARAMETERS)
    diagnostics = Diagnostics(ros)
    cameras = [Camera(ros) for _ in range(8)]
    end = time.monotonic() + amount
    sent = [0] * len(cameras)

    def publish(row):
        while time.monotonic() < end:
            stamp = 1000.0 + row + len(cameras) * sent[row]
            cameras[row].publish(to_image(THERE[int(stamp) % len(THERE)], stamp / 10))
            sent[row] += 1
            time.sleep(0.02)

    threads = [threading.Thread(target=publish, args=(row,)) for row in range(len(cameras))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cameras[0].now = 10_000_000.0
    assert cameras[0].publish_and_wait(THERE[0]).query_id
    values = diagnostics.next()
    kept = [int(value) for name, value in values.items() if name == "stored" or name.startswith("not stored")]
    assert sum(kept) == int(values["keyframes"])
    stamps = [each.header.stamp for each in cameras[0].queries.messages]
    assert stamps == sorted(set(stamps))
    assert "failed" not in values
    assert node.running
    tried(
        "8 publishers of images at 50 Hz",
        f"{amount / 60:.1f} min",
        f"{sum(sent):,} images, {int(values['keyframes']):,} keyframes in order, 0 failures",
    )


class Flood:
    """Clients that call a service without pause; seconds that each call took."""

    def __init__(self, count, service, kind, *request):
        self.seconds, self.failures, self.busy = [], [], 0
        self._call = (service, kind, request)
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        service, kind, request = self._call
        while not self._ended.is_set():
            start = time.monotonic()
            try:
                response = rospy.ServiceProxy(service, kind)(*request)
                self.busy += "requests wait already" in response.message
            except (rospy.ServiceException, rospy.ROSException) as error:
                self.failures.append(str(error))
            self.seconds.append(time.monotonic() - start)


@fault(31, "Service flood, huge or hung request")
@forms(short=4, long=600)
def test_a_flood_of_requests_gets_responses_and_images_are_processed(ros, start_node, tried, amount):
    node = start_node(**PARAMETERS)
    camera = Camera(ros)
    camera.publish_sequence(THERE)
    end = time.monotonic() + amount
    results = 0
    with Flood(CLIENTS, "relocalize", Relocalize) as flood:
        while time.monotonic() < end:
            camera.now += 1.0
            camera.publish(to_image(THERE[results % len(THERE)], camera.now))
            camera.result(camera.now, timeout=30)
            results += 1
    assert results
    assert flood.failures == []
    assert camera.publish_and_wait(THERE[0]).query_id
    assert node.running
    slow = float(np.percentile(flood.seconds, 99))
    tried(
        f"{CLIENTS} clients call relocalize without pause",
        f"{amount / 60:.1f} min",
        f"{len(flood.seconds):,} responses, {flood.busy:,} of them busy, 99 % within {slow:.2f} s; "
        f"{results:,} images processed meanwhile",
    )


@fault(31, "Service flood, huge or hung request")
def test_a_huge_image_in_a_request_is_refused(ros, start_node):
    node = start_node(**PARAMETERS)
    camera = Camera(ros)
    camera.publish_sequence(THERE[:2])
    side = 6000
    huge = Image(Header(), side, side, "mono8", 0, side, bytes(side * side))
    response = ros.call(NODE + "/query_image", QueryImage, huge, 1, timeout=60)
    assert not response.success
    assert "pixels" in response.message
    assert camera.publish_and_wait(THERE[3]).query_id
    assert node.running
