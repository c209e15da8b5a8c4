#include "correlator/pipeline/pipeline.hpp"

#include "correlator/stages/deduplicate.hpp"
#include "correlator/stages/identify.hpp"
#include "correlator/stages/promote.hpp"

namespace gantry::correlator {
namespace {

struct RecordReason {
    Decision& decision;
    void operator()(DedupReason reason) const { decision.dedup = reason; }
    void operator()(IdentifyReason reason) const { decision.identify = reason; }
    void operator()(PromoteReason reason) const { decision.promote = reason; }
};

}  // namespace

Stages make_stages() {
    Stages stages;
    stages.push_back(std::make_unique<Deduplicate>());
    stages.push_back(std::make_unique<Identify>());
    stages.push_back(std::make_unique<Promote>());
    return stages;
}

void run(const Stages& stages, Context& context) {
    for (const auto& stage : stages) {
        const auto verdict = stage->run(context);
        std::visit(RecordReason{context.decision}, verdict.reason);
        if (verdict.flow == Verdict::Flow::stop) break;
    }
    if (context.slot == k_no_slot) return;
    const auto& alert = context.alert();
    context.decision.alert = alert.id;
    context.decision.episode = alert.episode;
    context.decision.asset = alert.asset;
}

}  // namespace gantry::correlator
