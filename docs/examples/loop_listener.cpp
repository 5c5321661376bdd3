// Prints the loop closures that place_recognition_ros finds; put your pose graph where the comment says.
//
// Build it in a catkin package that depends on roscpp and place_recognition_ros, or, with a workspace sourced:
//   g++ -std=c++14 loop_listener.cpp -I "${CMAKE_PREFIX_PATH%%:*}/include" $(pkg-config --cflags --libs roscpp) -o loop_listener

#include <place_recognition_ros/LoopCandidates.h>
#include <place_recognition_ros/LoopRetraction.h>
#include <ros/ros.h>

using place_recognition_ros::LoopCandidate;
using place_recognition_ros::LoopCandidates;
using place_recognition_ros::LoopRetraction;

void takeLoops(const LoopCandidates::ConstPtr& message) {
  for (const LoopCandidate& candidate : message->candidates) {
    if (candidate.reason != LoopCandidate::REASON_NONE) continue;  // never on this topic; ~queries has such
    const bool same_world = candidate.kind == LoopCandidate::KIND_LOOP_CLOSURE;
    ROS_INFO("%.3f s shows the place of %.3f s (%s session), similarity %.2f, %d inliers, confidence %.4f",
             candidate.header.stamp.toSec(), candidate.match_stamp.toSec(), same_world ? "same" : "another",
             candidate.similarity, candidate.inliers, candidate.confidence);
    if (candidate.pose_valid) {
      const auto& position = candidate.pose_match_query.pose.position;  // of the query camera, in the match camera
      ROS_INFO("relative pose: right %.2f, down %.2f, forward %.2f %s", position.x, position.y, position.z,
               candidate.scale_known ? "m" : "(direction only)");
    }
    // pose_graph.addLoop(candidate.header.stamp, candidate.match_stamp, candidate.pose_match_query);
  }
}

void takeBack(const LoopRetraction::ConstPtr& message) {
  ROS_INFO("%.3f s does not show the place of %.3f s after all", message->query_stamp.toSec(),
           message->match_stamp.toSec());
  // pose_graph.removeLoop(message->query_stamp, message->match_stamp);
}

int main(int argc, char** argv) {
  ros::init(argc, argv, "loop_listener");
  ros::NodeHandle node;
  const ros::Subscriber loops = node.subscribe("loop_candidates", 10, takeLoops);
  const ros::Subscriber retractions = node.subscribe("place_recognition/retractions", 10, takeBack);
  ros::spin();
}
