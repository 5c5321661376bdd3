// Prints the loop closures that place_recognition_ros finds; put your pose graph where the comment says.
//
// Build it in a catkin package that depends on roscpp and place_recognition_ros, or, with a workspace sourced:
//   g++ -std=c++14 loop_listener.cpp -I "${CMAKE_PREFIX_PATH%%:*}/include" $(pkg-config --cflags --libs roscpp) -o loop_listener

#include <cmath>

#include <place_recognition_ros/LoopCandidates.h>
#include <ros/ros.h>

using place_recognition_ros::LoopCandidate;
using place_recognition_ros::LoopCandidates;

void takeLoops(const LoopCandidates::ConstPtr& message) {
  for (const LoopCandidate& candidate : message->candidates) {
    if (candidate.reason != LoopCandidate::REASON_NONE) continue;  // never on this topic; ~queries has such
    const bool same_world = candidate.kind == LoopCandidate::KIND_LOOP_CLOSURE;
    ROS_INFO("%.3f s shows the place of %.3f s (%s session), similarity %.2f, %d inliers, confidence %s",
             candidate.header.stamp.toSec(), candidate.match_stamp.toSec(), same_world ? "same" : "another",
             candidate.similarity, candidate.inliers,
             std::isnan(candidate.confidence) ? "not calibrated" : std::to_string(candidate.confidence).c_str());
    if (candidate.pose_valid) {
      const auto& position = candidate.pose_match_query.pose.position;  // of the query camera, in the match camera
      ROS_INFO("relative pose: right %.2f, down %.2f, forward %.2f %s", position.x, position.y, position.z,
               candidate.scale_known ? "m" : "(direction only)");
    }
    // pose_graph.addLoop(candidate.header.stamp, candidate.match_stamp, candidate.pose_match_query);
  }
}

int main(int argc, char** argv) {
  ros::init(argc, argv, "loop_listener");
  ros::NodeHandle node;
  const ros::Subscriber subscriber = node.subscribe("loop_candidates", 10, takeLoops);
  ros::spin();
}
