"""Tags: the tenant's own words for what a conversation is about."""

from django.db import models

from accounts.models import Membership
from accounts.tenancy import TenantForeignKey, TenantModel
from inbox.models.conversation import Conversation


class TagColour(models.TextChoices):
    """The palette; what each looks like in light and dark stands among the tokens of the style sheets."""

    GREY = "grey", "Grey"
    TEAL = "teal", "Teal"
    BLUE = "blue", "Blue"
    VIOLET = "violet", "Violet"
    PINK = "pink", "Pink"
    RED = "red", "Red"
    AMBER = "amber", "Amber"
    GREEN = "green", "Green"


class Tag(TenantModel):
    """A label of the tenant."""

    name = models.CharField(max_length=40)
    # The name as it is compared: one tag, however it is written.
    key = models.CharField(max_length=120)
    colour = models.CharField(max_length=10, choices=TagColour)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "key"], name="inbox_tag_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ConversationTag(TenantModel):
    """A tag on a conversation: who put it there, and when."""

    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="tags")
    tag = TenantForeignKey(Tag, on_delete=models.CASCADE, related_name="uses")
    put_by = TenantForeignKey(Membership, on_delete=models.SET_NULL, null=True, related_name="+")
    put_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "conversation", "tag"], name="inbox_conversation_tag_once"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "tag", "conversation"], name="inbox_tag_conversations")]

    def __str__(self) -> str:
        return f"tag {self.tag_id} on {self.conversation_id}"
