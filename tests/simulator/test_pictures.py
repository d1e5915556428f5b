"""The items' pictures."""

import struct

import httpx

from tests.simulator.conftest import OpenAccount, OpenAmazon, OpenWalmart
from tests.simulator_client import Control, SimulatorProcess


def test_every_item_has_a_picture_of_its_own(
    simulator: SimulatorProcess, seller: OpenAccount, walmart: OpenWalmart
) -> None:
    items = walmart(seller()).get("/v3/items", limit=50).json()["ItemResponse"]
    pictures = set()
    for item in items:
        answer = httpx.get(f"{simulator.walmart_api}/images/{item['sku']}.png", trust_env=False)
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG\r\n")
        assert struct.unpack(">II", answer.content[16:24]) == (160, 160)
        pictures.add(answer.content)
    assert len(pictures) == len(items) == 20


def test_amazons_links_lead_to_pictures(seller: OpenAccount, amazon: OpenAmazon) -> None:
    client = amazon(seller("amazon"))
    path = "/catalog/2022-04-01/items/B08K2LM41Q"
    item = client.get(path, marketplaceIds="ATVPDKIKX0DER", includedData="images").json()
    assert client.get(item["images"][0]["images"][0]["link"]).status_code == 200
    gone = client.get("/catalog/2022-04-01/items/B000000000", marketplaceIds="ATVPDKIKX0DER")
    assert gone.status_code == 404


def test_a_picture_can_be_missing_or_broken(control: Control, simulator: SimulatorProcess) -> None:
    where = f"{simulator.walmart_api}/images"
    assert httpx.get(f"{where}/NOPE.png", trust_env=False).status_code == 404
    whole = httpx.get(f"{where}/DOG-BED-L.png", trust_env=False).content
    control.fault("api.image", "garble", match="dog-bed-l")
    assert len(httpx.get(f"{where}/DOG-BED-L.png", trust_env=False).content) < len(whole)
    control.fault("api.image", "server_error", match="dog-bed-l", status=500)
    assert httpx.get(f"{where}/DOG-BED-L.png", trust_env=False).status_code == 500
